"""The upload warns of unusual parameter names and devices in weights."""

import io
from typing import Any

import pytest

from formats.notebook.assignment_context import AssignmentContext
from formats.problems import Problem
from submissions.file_checks import FileRule, check_file
from tests.factories import AssignmentFactory, RequiredFileFactory
from tests.submissions.builders import (
    check,
    code_cell,
    incoming,
    notebook_bytes,
    safetensors_bytes,
    state_dict_bytes,
    tensor,
    tensors_pickle,
)
from tests.submissions.test_create_submission import hand_in

NAMES = "a.weight", "b.weight"


def named(*names: str) -> bytes:
    """Return a safetensors file with tensors of these names."""
    places = range(0, 8 * len(names), 8)
    header = {
        name: tensor(begin=place, end=place + 8)
        for name, place in zip(names, places, strict=True)
    }
    return safetensors_bytes(header, bytes(8 * len(names)))


def warned(data: bytes, kind: str, **context: Any) -> list[Problem]:
    rule = FileRule(name="net.pt", kind=kind, max_bytes=10**6)
    given = AssignmentContext(**context)
    found = check_file(io.BytesIO(data), rule, chosen="best.pt", context=given)
    assert found.problems == ()
    return list(found.warnings)


@pytest.mark.parametrize(
    ("prefix", "inner"),
    [
        ("_orig_mod.", "model._orig_mod"),
        ("module.", "model.module"),
        ("_orig_mod.module.", "model._orig_mod.module"),
        ("module._orig_mod.", "model.module._orig_mod"),
        ("_fsdp_wrapped_module.", "model._fsdp_wrapped_module"),
    ],
)
def test_names_of_a_wrapped_model_are_warned_of_with_the_fix(
    prefix: str, inner: str
) -> None:
    names = [prefix + name for name in NAMES]
    (one,) = warned(named(*names), "safetensors")
    (other,) = warned(state_dict_bytes(tensors_pickle(*names)), "state_dict")
    for found in (one, other):
        assert found.message.startswith(f"All names in “best.pt” begin with “{prefix}”")
    assert f'save_file({inner}.state_dict(), "net.pt")' in one.hint
    assert f'torch.save({inner}.state_dict(), "net.pt")' in other.hint


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["net._orig_mod.a", "net._orig_mod.b"], "All names"),
        (["_orig_mod.a", "head.weight"], "1 of 2 names"),
        (["encoder.module.a", "head.weight"], "1 of 2 names"),
    ],
)
def test_names_of_a_wrapped_part_are_warned_of(names: list[str], words: str) -> None:
    (found,) = warned(named(*names), "safetensors")
    assert found.message.startswith(words)
    assert found.hint


@pytest.mark.parametrize(
    "names", [NAMES, ["module"], ["modules.a"], ["my_module.a"], ["a.module"]]
)
def test_other_names_are_not_warned_of(names: list[str]) -> None:
    assert warned(named(*names), "safetensors") == []
    assert warned(state_dict_bytes(tensors_pickle(*names)), "state_dict") == []


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("cuda:0", "a GPU (cuda:0)"),
        ("cuda", "a GPU (cuda)"),
        ("mps", "the GPU of a Mac (mps)"),
        ("xpu:0", "an Intel GPU (xpu:0)"),
        ("hpu", "the device “hpu”"),
    ],
)
def test_a_device_that_the_run_lacks_is_warned_of_with_the_fix(
    location: str, words: str
) -> None:
    pickled = tensors_pickle(*NAMES, location=location)
    (found,) = warned(state_dict_bytes(pickled), "state_dict")
    assert f"“best.pt” was saved on {words}" in found.message
    assert 'torch.load("net.pt", map_location="cpu")' in found.hint


def test_a_device_is_found_in_a_checkpoint_and_in_torchscript() -> None:
    inner = tensors_pickle("a", location="mps")[2:-1]
    checkpoint = (
        b"\x80\x02}(X\x05\x00\x00\x00model" + inner + b"X\x01\x00\x00\x00eK\x03u."
    )
    (found,) = warned(state_dict_bytes(checkpoint), "state_dict")
    assert "(mps)" in found.message
    members = {"m/constants.pkl": b"\x80\x02).", "m/code/net.py": b""}
    program = state_dict_bytes(tensors_pickle("a", location="cuda:0"), members)
    (found,) = warned(program, "torchscript")
    assert 'torch.jit.load("net.pt", map_location="cpu")' in found.hint


def test_weights_on_a_gpu_are_fine_in_a_run_with_a_gpu() -> None:
    for location, told in (("cuda:0", 0), ("cpu", 0), ("cuda:1", 1), ("mps", 1)):
        pickled = tensors_pickle("a", location=location)
        found = warned(state_dict_bytes(pickled), "state_dict", has_gpu=True)
        assert len(found) == told


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("location", "names", "source", "told"),
    [
        ("cuda:0", "a", "torch.load('net.pt')", ["weights_device"]),
        ("cuda:0", "a", "torch.load(path)", ["weights_device"]),
        ("cuda:0", "a", "x = 1", ["weights_device"]),
        ("cuda:0", "a", "torch.load('net.pt', map_location=dev)", []),
        ("cuda:0", "a", "torch.load('net.pt', 'cpu')", []),
        (
            "cuda:0",
            "a",
            "torch.load(p, 'cpu'); torch.load('net.pt')",
            ["weights_device"],
        ),
        ("cpu", "module.a", "torch.load('net.pt')", ["weights_wrapped"]),
        ("cpu", "module.a", "k.removeprefix('module.')", []),
        ("cpu", "module.a", "net.module.load_state_dict(x)", []),
        ("cpu", "_orig_mod.a", "k.removeprefix('module.')", ["weights_wrapped"]),
        ("cpu", "_orig_mod.a", "k.replace('_orig_mod.', '')", []),
    ],
)
def test_problems_that_the_notebook_handles_are_not_warned_of(
    location: str, names: str, source: str, told: list[str]
) -> None:
    assignment = AssignmentFactory.create()
    RequiredFileFactory.create(
        revision=assignment.revision, name="net.pt", kind="state_dict"
    )
    pickled = tensors_pickle(names, location=location)
    submission = hand_in(
        assignment,
        incoming(notebook_bytes(code_cell(source))),
        incoming(state_dict_bytes(pickled), "net.pt"),
    )
    assert [each["code"] for each in submission.warnings] == told


def test_a_long_pickle_of_weights_is_read_in_bounded_time_and_space() -> None:
    nested = b"\x80\x02" + b"]" + b"\x85" * 900_000 + b"."
    assert check(state_dict_bytes(nested), "state_dict").problems == ()
