"""Tests work with handles of the notebook's objects, which cannot deceive a test."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from runner.inside.grader.handles import NotDataError, is_handle
from runner.inside.grader.snapshot_client import (
    NotDefinedError,
    SnapshotClient,
    StudentBaseError,
)
from runner.inside.values.codec import CodecError
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch


class Layer(torch.nn.Module):
    def __init__(self, size: int = 2) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(size, size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1


class Vector:
    """A student's own numeric class."""

    def __init__(self, x: float) -> None:
        self.x = x
        self.items = [1, 2, 3]

    def __add__(self, other: "Vector") -> "Vector":
        return Vector(self.x + other.x)

    def __len__(self) -> int:
        return 7

    def __getitem__(self, key: int) -> int:
        return key * key

    def each(self) -> Any:
        yield from (1, 2)

    def __call__(self) -> str:
        return "called"

    def __repr__(self) -> str:
        return "Vector!"


def fail(kind: str) -> None:
    raise {"value": ValueError("too small"), "exit": SystemExit(3)}[kind]


NAMES: dict[str, Any] = {
    "Layer": Layer,
    "Vector": Vector,
    "vector": Vector(3),
    "fail": fail,
    "double": lambda x: x * 2,
    "apply": lambda function, *given: function(*given),
    "np": np,
    "numbers": np.arange(3),
}


@contextlib.contextmanager
def the_student() -> Any:
    with student_with(NAMES, classes=("Layer", "Vector")) as student:
        yield student


def test_data_arrives_as_data_and_other_objects_as_handles() -> None:
    with the_student() as student:
        assert student.name("numbers").tolist() == [0, 1, 2]
        assert student.name("double")(np.ones(2)).tolist() == [2.0, 2.0]
        assert is_handle(student.name("vector"))
        with pytest.raises(NotDefinedError):
            student.name("nothing")


def test_a_handle_is_read_called_written_and_iterated() -> None:
    with the_student() as student:
        vector = student.name("Vector")(3)
        assert (vector.x, len(vector), vector[3]) == (3, 7, 9)
        vector.x = 5
        assert vector.x == 5
        assert list(vector.each()) == [1, 2]
        assert (vector + vector).x == 10
        assert vector() == "called"
        assert not hasattr(vector, "nothing")
        assert repr(vector) == str(vector) == "Vector!"


def test_a_generator_is_taken_item_by_item() -> None:
    with the_student() as student:
        items = student.name("vector").each()
        assert (next(items), next(items), next(items, None)) == (1, 2, None)
        with pytest.raises(StopIteration):
            next(items)
        with pytest.raises(TypeError, match="not an iterator"):
            next(student.name("vector"))


def test_a_network_is_a_torch_module_and_loads_weights() -> None:
    with the_student() as student:
        kind = student.name("Layer")
        layer = kind(3)
        assert isinstance(layer, torch.nn.Module)
        assert not isinstance(layer, torch.nn.Linear)
        assert issubclass(kind, torch.nn.Module)
        assert isinstance(layer, kind)
        assert issubclass(kind, kind)
        assert not isinstance(student.name("vector"), kind)
        assert not isinstance(3, kind)
        assert layer.linear is layer.linear
        assert student.name("Layer") is kind
        assert isinstance(layer.linear, torch.nn.Linear)
        state = {"linear.weight": torch.zeros(3, 3), "linear.bias": torch.ones(3)}
        layer.load_state_dict(state)
        assert layer.linear.bias.tolist() == [1.0, 1.0, 1.0]
        assert sum(one.numel() for one in layer.parameters()) == 12
        assert layer(torch.zeros(1, 3)).tolist() == [[1.0, 1.0, 1.0]]


def test_an_exception_of_the_student_s_code_can_be_caught() -> None:
    with the_student() as student:
        with pytest.raises(ValueError, match="too small"):
            student.name("fail")("value")
        # The exception does not end the test's process.
        with pytest.raises(StudentBaseError, match="SystemExit"):
            student.name("fail")("exit")
        assert not student.lost


def test_a_test_s_function_is_called_back() -> None:
    seen = []

    def note(x: int) -> int:
        seen.append(x)
        return x + 1

    with the_student() as student:
        assert student.name("apply")(note, 3) == 4
        assert seen == [3]
        # The function may itself call the student's code.
        assert student.name("apply")(lambda x: student.name("double")(x) + 0, 4) == 8


@pytest.mark.parametrize(
    ("library", "given"),
    [
        (torch.relu, torch.ones(1)),
        (torch.nn.functional.relu, torch.ones(1)),
        (torch.nn.ReLU(), torch.ones(1)),
        (np.exp, np.ones(1)),
        (abs, -1),
    ],
)
def test_library_functions_and_objects_cross_by_name_or_state(
    library: Any, given: Any
) -> None:
    with the_student() as student:
        found = student.name("apply")(library, given)
        np.testing.assert_allclose(found, library(given))
        made = student.name("apply")(torch.nn.ReLU)
        assert isinstance(made, torch.nn.ReLU)


class Secret:
    """An object that belongs to the tests alone."""


def test_an_object_of_the_tests_is_not_sent() -> None:
    with the_student() as student:
        with pytest.raises(CodecError, match="cannot be given"):
            student.name("double")(Secret())
        assert student.name("double")(4) == 8


def test_a_python_module_is_not_a_value() -> None:
    with the_student() as student, pytest.raises(NotDataError, match="import"):
        student.name("np")


ASKED_FOR_THEIR_WORD: list[Callable[[Any], Any]] = [
    bool,
    lambda it: it == 3,
    lambda it: it != 3,
    lambda it: it < 3,
    lambda it: it >= 3,
    float,
    int,
    lambda it: 3 in it,
    lambda it: abs(it - 3),
    lambda it: it.equal(3),
    lambda it: it.allclose(3),
    lambda it: it.all(),
    lambda it: it.item(),
    lambda it: it.numpy(),
    lambda it: torch.equal(it, torch.zeros(1)),
    lambda it: np.allclose(it, np.full(7, 3.0)),
]


class Liar:
    """An object that agrees to every question about itself."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: True

    def _agree(self, *_: object) -> Any:
        return True

    __eq__ = __ne__ = __lt__ = __ge__ = __contains__ = __bool__ = _agree
    __sub__ = __abs__ = lambda *_: 0.0
    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("ask", ASKED_FOR_THEIR_WORD)
def test_no_object_decides_its_own_comparison(ask: Callable[[Any], Any]) -> None:
    refusals = (TypeError, AttributeError)
    with student_with({"liar": Liar()}) as student, pytest.raises(refusals):
        ask(student.name("liar"))


@pytest.mark.parametrize(
    "protocol",
    [
        *("__array_interface__", "__array_struct__", "__dlpack__"),
        *("__cuda_array_interface__", "__torch_function__"),
    ],
)
def test_a_handle_offers_no_memory_protocol(protocol: str) -> None:
    with student_with({"liar": Liar()}) as student:
        assert not hasattr(student.name("liar"), protocol)


def test_numpy_makes_no_array_of_a_handle() -> None:
    """Otherwise an object with a length and items could become any array."""
    with the_student() as student:
        for make in (np.asarray, np.array, lambda it: np.array([it])):
            with pytest.raises(NotDataError):
                make(student.name("Vector")(3))


class FalseTensor:
    """An object that claims to be a tensor."""

    __module__ = "torch"
    __qualname__ = "Tensor"


def test_no_object_passes_for_a_value() -> None:
    FalseTensor.__qualname__ = "Tensor"
    with student_with({"it": FalseTensor()}) as student:
        it = student.name("it")
        with pytest.raises(NotDataError, match="cannot ask for its class"):
            isinstance(it, torch.Tensor)


def test_objects_in_files_are_read_by_the_notebook_s_process(tmp_path: Path) -> None:
    content = {"net": [torch.nn.Linear(2, 1)], "more": 1}
    torch.save(content, tmp_path / "net.pth")
    with student_with({}, tmp_path) as student:
        paths = [["net", 0]]
        (net,) = student.ask("objects", "torch", "net.pth", 0, paths)
        assert net.in_features == 2
        with pytest.raises(FileNotFoundError):
            student.ask("objects", "torch", "nothing.pth", 0, paths)


def test_round_trips_are_quick() -> None:
    """The bound holds on a busy machine too; bench/ has the real figures."""
    import time  # noqa: PLC0415

    with the_student() as student:
        double, small = student.name("double"), np.zeros(4)
        double(small)
        begun = time.perf_counter()
        for _ in range(50):
            double(small)
        assert time.perf_counter() - begun < 5


def test_a_lost_snapshot_stays_lost() -> None:
    with the_student() as student:
        assert isinstance(student, SnapshotClient)
        student.lost = True
        with pytest.raises(EOFError):
            student.name("numbers")
