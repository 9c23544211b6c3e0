"""Uploads refuse the names that torch.load with weights_only refuses: one list."""

import argparse
import collections
import datetime as dt
import functools
import io
import pathlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runner.protocol.weights_only import TAKEN, TAKEN_BY_TORCH
from tests.submissions.builders import check, codes

pytestmark = pytest.mark.torch


@pytest.fixture
def torch() -> Iterator[Any]:
    """Give torch, with the names that torch.load accepts in a student's process."""
    torch = pytest.importorskip("torch")
    from runner.inside.student.weights import allow_numpy_types  # noqa: PLC0415 - it needs torch

    before = torch.serialization.get_safe_globals()
    allow_numpy_types()
    yield torch
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(before)


def saved(torch: Any, value: object, **options: Any) -> bytes:
    content = io.BytesIO()
    torch.save(value, content, **options)
    return content.getvalue()


def is_read_by_torch(torch: Any, data: bytes) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            torch.load(io.BytesIO(data), weights_only=True)
    except Exception:  # noqa: BLE001 - torch raises whatever a pickle makes it raise
        return False
    return True


def _trained(torch: Any, optimiser: Any) -> dict[str, Any]:
    net = torch.nn.Linear(2, 2)
    made = optimiser(net.parameters(), lr=0.1)
    net(torch.ones(1, 2)).sum().backward()
    made.step()
    state: dict[str, Any] = made.state_dict()
    return state


def plain_values(_: Any) -> dict[str, Any]:
    return {
        "ordered": collections.OrderedDict(a=1),
        "counter": collections.Counter("aab"),
        "defaultdict": collections.defaultdict(list, a=[1]),
        "deque": collections.deque([1]),
        "path": pathlib.Path("a"),
        "time": dt.datetime(2027, 1, 1, tzinfo=dt.UTC),
        "date": dt.date(2027, 1, 1),
        "time span": dt.timedelta(1),
        "namespace": argparse.Namespace(lr=0.1),
        "partial": functools.partial(print, 1),
        "builtin": len,
        "set": {1, 2},
        "frozenset": frozenset({1}),
        "slice": slice(1, 2),
        "range": range(3),
        "ellipsis": ...,
        "complex": 1j,
        "bytes": b"abc",
        "bytearray": bytearray(b"abc"),
        "long": 2**200,
        "very long": 2**3000,
        "numbers": [0, -1, 300, 70_000, 2**31, 1.5, True, None, "a" * 300],
    }


def arrays(_: Any) -> dict[str, Any]:
    np = pytest.importorskip("numpy")
    return {
        "number of numpy's": np.float64(0.5),
        "float32 of numpy's": np.float32(0.5),
        "truth value of numpy's": np.bool_(True),  # noqa: FBT003 - numpy's
        "array": np.ones(3),
        "array of texts": np.array(["a"]),
        "array of objects": np.array([None, 1]),
        "array of objects that are refused": np.array([slice(1)]),
        "array with fields": np.zeros(2, dtype=[("a", "f4")]),
        "masked array": np.ma.ones(2),
        "date of numpy's": np.datetime64("2027-01-01"),
        "dtype of numpy's": np.dtype("f4"),
        "class of numpy's": np.float32,
        "state of numpy's generator": np.random.get_state(),
    }


def tensors(torch: Any) -> dict[str, Any]:
    ones = torch.ones(2)
    tied = {"a": ones, "b": ones}
    return {
        "dtype": torch.float32,
        "device": torch.device("cpu"),
        "layout": torch.strided,
        "bfloat16": ones.bfloat16(),
        "float8": ones.to(torch.float8_e4m3fn),
        "complex tensor": torch.ones(2, dtype=torch.complex64),
        "unsigned": torch.ones(2, dtype=torch.uint16),
        "sparse": ones.to_sparse(),
        "csr": torch.eye(2).to_sparse_csr(),
        "quantised": torch.quantize_per_tensor(ones, 1.0, 0, torch.qint8),
        "meta": torch.ones(2, device="meta"),
        "parameter": torch.nn.Parameter(ones),
        "buffer": torch.nn.Buffer(ones),
        "conjugate": torch.ones(2, dtype=torch.complex64).conj(),
        "storage": ones.untyped_storage(),
        "generator": torch.get_rng_state(),
        "tied": [tied, tied],
        "nested": {"a": {"b": [{"c": (ones, {"d": ones})}]}},
    }


def objects(torch: Any) -> dict[str, Any]:
    ones = torch.ones(2)
    return {
        "size": torch.Size([1, 2]),
        "function": torch.nn.functional.relu,
        "module": torch.nn.Linear(1, 1),
        "list of modules": [torch.nn.ReLU()],
        "optimiser": torch.optim.SGD([torch.nn.Parameter(ones)], lr=0.1),
        "state of SGD": _trained(torch, torch.optim.SGD),
        "state of Adam": _trained(torch, torch.optim.Adam),
        "state of a scheduler": torch.optim.lr_scheduler.StepLR(
            torch.optim.SGD([torch.nn.Parameter(ones)], lr=0.1), 3
        ).state_dict(),
    }


@pytest.mark.parametrize("values", [plain_values, arrays, tensors, objects])
@pytest.mark.filterwarnings("ignore")
def test_an_upload_accepts_what_torch_load_accepts_in_the_jail(
    torch: Any, values: Callable[[Any], dict[str, Any]]
) -> None:
    by_torch, by_us = {}, {}
    for name, value in values(torch).items():
        data = saved(torch, {"weights": torch.ones(2), "more": value})
        by_torch[name] = is_read_by_torch(torch, data)
        by_us[name] = codes(check(data, "state_dict", name="net.pt")) == []
    assert by_us == by_torch


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_another_pickle_protocol_is_accepted_if_torch_load_accepts_it(
    torch: Any, protocol: int
) -> None:
    data = saved(
        torch, {"weights": torch.ones(2), "name": "net"}, pickle_protocol=protocol
    )
    found = codes(check(data, "state_dict", name="net.pt"))
    assert (found == []) == is_read_by_torch(torch, data)
    assert found in ([], ["state_dict_protocol"])


@pytest.mark.usefixtures("torch")
def test_the_list_is_the_installed_torch_s_own() -> None:
    from torch import _weights_only_unpickler  # noqa: PLC0415 - torch may be missing

    assert set(_weights_only_unpickler._get_allowed_globals()) == TAKEN_BY_TORCH


@pytest.mark.usefixtures("torch")
def test_the_jail_adds_only_the_listed_names() -> None:
    from torch import _weights_only_unpickler as unpickler  # noqa: PLC0415 - same

    added = set(unpickler._get_user_allowed_globals())
    assert added >= TAKEN - TAKEN_BY_TORCH
    ours = {name for name in added if not name.startswith("torch.")}
    assert all(name in TAKEN or name.startswith("numpy.dtypes.") for name in ours)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (pathlib.PurePosixPath("a"), "pathlib.PurePosixPath"),
        (collections.defaultdict(int), "collections.defaultdict"),
    ],
)
def test_a_refusal_names_the_type_and_what_to_keep(
    torch: Any, value: object, named: str
) -> None:
    (found,) = check(saved(torch, {"a": value}), "state_dict", name="net.pt").problems
    assert found.code == "state_dict_pickle"
    assert named in found.message
    assert "Keep only tensors, numbers" in found.hint
