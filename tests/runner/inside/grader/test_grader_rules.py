"""Each test breaks one rule between the grader and a snapshot (docs/sandbox.md)."""

import builtins
import contextlib
import socket
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Subset, SubsetRandomSampler, TensorDataset

from runner.inside.grader.exports import Exports
from runner.inside.grader.handles import NotDataError
from runner.inside.grader.names import Library, Names
from runner.inside.grader.observations import Observations
from runner.inside.grader.snapshot_client import (
    SnapshotClient,
    StudentBaseError,
)
from runner.inside.grader.snapshot_client import raised as imitation
from runner.inside.grader.staff_texts import STAFF_TEXTS
from runner.inside.student.service import Service
from runner.inside.values.codec import CodecError, Encoder
from runner.protocol.jobs import TestStyle
from runner.wire.link import MAX_ANSWER_BYTES, MAX_ANSWER_HEADER, Link, LinkClosedError
from tests.runner.pairs import student_with
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

SECRET = b"canary-4bf1"


@contextlib.contextmanager
def overheard(names: Mapping[str, Any]) -> Iterator[tuple[SnapshotClient, bytearray]]:
    """Yield a client of a snapshot, and every byte that the snapshot was sent."""
    ours, theirs = socket.socketpair()
    middle, far = socket.socketpair()
    heard = bytearray()

    def pass_on(source: socket.socket, sink: socket.socket, *, note: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if note:
                    heard.extend(data)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with contextlib.suppress(LinkClosedError):
            Service(dict(names), Link(far), Path()).listen()

    threads = [
        threading.Thread(target=pass_on, args=(theirs, middle), kwargs={"note": True}),
        threading.Thread(target=pass_on, args=(middle, theirs), kwargs={"note": False}),
        threading.Thread(target=serve),
    ]
    for thread in threads:
        thread.start()
    with ours:
        link = Link(ours, max_header=MAX_ANSWER_HEADER, max_bytes=MAX_ANSWER_BYTES)
        yield SnapshotClient(link), heard
    threads[0].join(10)
    far.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    theirs.close()
    middle.close()


# --- 1. Only explicit arguments cross ---------------------------------------------------

BINDINGS = """
want = 'canary-4bf1'
def reference(x, extra='canary-4bf1'):
    'canary-4bf1'
    return want + x + 'canary-4bf1'
class Helper:
    value = 'canary-4bf1'
    def __call__(self, x): return self.value
helper = Helper()
import torch
teacher = torch.nn.Linear(1, 1)
teacher.note = 'canary-4bf1'
from torch import load
double = reference
def quadruple(x): return want
assert work(1) == 1
"""


def test_naming_a_value_in_a_test_sends_nothing() -> None:
    names = {"work": lambda x: x, "double": abs, "quadruple": abs}
    with overheard(names) as (student, heard):
        space = Names(student, Library({}), names)
        exec(BINDINGS, space)  # noqa: S102 - as the grader does
        space.restore()
    assert SECRET not in bytes(heard)
    assert b"teacher" not in bytes(heard)


def part_of(whole: torch.Tensor) -> dict[str, Any]:
    data = TensorDataset(whole)
    return {
        "a slice of a tensor": whole[:1],
        "a slice in a dataset": TensorDataset(whole[:1]),
        "a parameter that is a slice": torch.nn.ParameterList([whole[:1].float()]),
        "a subset": Subset(data, [0]),
        "a loader of a subset": DataLoader(Subset(data, [0])),
        "a slice that a module holds": holding(whole[:1]),
        "a few fields of records": [records(whole)[["a"]][:2]],
        "a masked array": np.ma.array(
            whole.numpy(), mask=[False, True, True][-len(whole) :]
        ),
        "a slice of an array": whole.numpy()[:1],
        "an array's view in a list": [whole.numpy()[0:1].T],
        "a started iterator": started(whole.tolist()),
        "a pair of started iterators": zip(started([1, 2]), [3], strict=False),
    }


def records(whole: torch.Tensor) -> Any:
    found = np.zeros(len(whole), dtype=[("a", "i8"), ("label", "i8"), ("b", "i8")])
    found["label"] = whole
    return found


def holding(part: torch.Tensor) -> torch.nn.Module:
    module = torch.nn.Identity()
    module.part = part
    return module


def started(items: list[int]) -> Iterator[int]:
    """Return an iterator over the items that has moved past all but the first."""
    iterator = iter([*items[1:], items[0]])
    for _ in items[1:]:
        next(iterator)
    return iterator


@pytest.mark.parametrize("kind", part_of(torch.arange(2)))
def test_a_part_crosses_without_the_rest_of_its_whole(kind: str) -> None:
    """The rows that are given may have rows of labels behind them in memory."""
    hidden = int.from_bytes(b"canary!!", "little", signed=True)
    whole = torch.tensor([7, hidden, hidden])
    part = part_of(whole)[kind]
    with overheard({"take": lambda _: None}) as (student, heard):
        student.name("take")(part)
        student.name("take")(part_of(whole)["a slice of a tensor"])
    assert b"canary!!" not in bytes(heard)
    assert str(hidden).encode() not in bytes(heard)


def test_a_loader_that_hides_items_is_refused() -> None:
    data = TensorDataset(torch.arange(4))
    loader = DataLoader(data, sampler=SubsetRandomSampler([0]))
    with pytest.raises(CodecError, match="cannot be given"):
        Encoder(Exports().refer).encode(loader)


def keep(function: Callable[..., object]) -> Callable[..., object]:
    KEPT.append(function)
    return function


def use_kept(given: object) -> object:
    return KEPT[-1](given)


KEPT: list[Callable[..., object]] = []


def test_a_callback_works_only_during_the_call_it_was_passed_to() -> None:
    names = {"keep": keep, "use": use_kept, "now": lambda f: f(3)}
    with student_with(names) as student:
        assert student.name("now")(lambda x: x + 1) == 4
        kept = student.name("keep")(lambda x: x + 1)
        for late in (student.name("use"), kept):
            with pytest.raises(RuntimeError, match="only during the call"):
                late(3)
        # Nor during another call, which passes its own function.
        with pytest.raises(RuntimeError, match="only during the call"):
            student.name("use")(lambda x: x)


def test_a_callback_is_not_an_answer() -> None:
    with student_with({}) as student, pytest.raises(CodecError):
        student._resolve({"k": "callback", "v": 0})


def test_an_object_in_a_value_s_place_learns_nothing() -> None:
    """`answer - expected` would tell the object the expected value."""

    class Thing:
        def __sub__(self, other: object) -> "Thing":
            return self

        __add__ = __mul__ = __truediv__ = __pow__ = __sub__
        __rsub__ = __radd__ = __rmul__ = __matmul__ = __rmatmul__ = __sub__

        def __abs__(self) -> "Thing":
            return self

    want = int.from_bytes(b"canary!", "little")
    with overheard({"answer": Thing()}) as (student, heard):
        answer = student.name("answer")
        array = np.full(3, want, dtype=np.int64)
        for attempt in (
            lambda: answer - want,
            lambda: want - answer,
            lambda: answer * np.array([want]),
            lambda: array - answer,
            lambda: torch.tensor(array) - answer,
            lambda: np.subtract(array, answer),
            lambda: np.allclose(answer, array),
            lambda: sum([want, answer]),
            lambda: want in answer,
            lambda: {want: 1}[answer],
        ):
            with pytest.raises((TypeError, KeyError, AttributeError)):
                attempt()
    assert str(want).encode() not in bytes(heard)
    assert want.to_bytes(8, "little") not in bytes(heard)


def test_an_instance_that_a_test_made_is_given_operands() -> None:
    class Vector:
        def __init__(self, x: int) -> None:
            self.x = x

        def __mul__(self, other: int) -> "Vector":
            return Vector(self.x * other)

        def __repr__(self) -> str:
            return f"Vector({self.x})"

    with student_with({"Vector": Vector}, classes=("Vector",)) as student:
        made = student.name("Vector")(2) * 3
        STAFF_TEXTS.use_sources(["made * 2"])
        assert (made.x, repr(made * 2)) == (6, "Vector(12)")


# --- 2. One answer -------------------------------------------------------------------------


class Changing:
    """An object that gives another answer each time that it is asked."""

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)

    def __len__(self) -> int:
        length: int = next(self._answers)
        return length

    def __iter__(self) -> Iterator[int]:
        return iter(range(next(self._answers)))

    def __getitem__(self, key: int) -> int:
        item: int = next(self._answers)
        return item

    def __repr__(self) -> str:
        return str(next(self._answers))

    def grow(self) -> None:
        """Change this object, as an honest list's method would."""

    @property
    def size(self) -> int:
        return len(self)


def loop(answer: Any) -> None:
    assert len(answer) == 3
    for got, want in zip(answer, [1, 2, 3], strict=False):
        assert got == want


def _same(it: Any) -> Any:
    return it


def _stop(_: object) -> None:
    raise StopIteration


LIES: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "a length, then no items": (Changing(3, 0, 0), loop),
    "items and length at once": (Changing(2, 5), list),
    "an iterator with a length": (
        type("I", (), {"__len__": lambda _: 3, "__iter__": _same, "__next__": _stop})(),
        loop,
    ),
    "no length, then items": (Changing(-1, 3, 3), len),
    "backwards": (Changing(3, 0, 0), lambda it: [len(it), list(reversed(it))]),
}


@pytest.mark.parametrize("name", LIES)
def test_answers_about_one_object_agree(name: str) -> None:
    lie, test = LIES[name]
    with student_with({"answer": lie}) as student:
        answer = student.name("answer")
        with pytest.raises((NotDataError, ValueError)):
            test(answer)


def test_a_length_agrees_with_the_items_that_came_first() -> None:
    seen = Observations("<an object>").contents
    assert seen.items(lambda: [[], None, False], lambda: 0) == []
    with pytest.raises(NotDataError, match="gave 0 items"):
        seen.length(lambda: 3)


def test_an_iterator_is_asked_again_after_its_end() -> None:
    seen, answers = Observations("<an object>").contents, iter([[1], [], [2], []])
    assert seen.next_item(lambda: next(answers)) == 1
    with pytest.raises(StopIteration):
        seen.next_item(lambda: next(answers))
    assert seen.next_item(lambda: next(answers)) == 2
    with pytest.raises(StopIteration):
        seen.next_item(lambda: next(answers))


_DOWN = """
class Down:
    def __init__(self, n): self.n = self.top = n
    def __iter__(self): return self
    def __next__(self):
        if self.n == 0:
            self.n = again
            raise StopIteration
        self.n -= 1
        return self.n + 1
"""
_USED_UP = {
    "list": "assert list(d) == [2, 1]\nassert list(d) == []",
    "next": "assert [next(d), next(d)] == [2, 1]\nfor _ in range(2): assert next(d, 'end') == 'end'",
    "a loop": "for _ in d: pass\nfor x in d: assert False",
    "sum": "assert sum(d) == 3 and sum(d) == 0",
}


@pytest.mark.parametrize("test", _USED_UP.values(), ids=_USED_UP)
@pytest.mark.parametrize(("again", "score"), [("0", 1.0), ("self.top", 0.0)])
def test_an_iterator_that_begins_again_is_seen(
    test: str, again: str, score: float
) -> None:
    staff, notebook = (_DOWN.replace("again", one) for one in ("0", again))
    found = tried(staff, notebook, f"d = Down(2)\n{test}", TestStyle.SCRIPT)
    assert found.scores == (score,)


def test_an_object_s_first_answer_is_kept_unless_the_test_has_made_it() -> None:
    with student_with({"answer": Changing(4, 5, "a", "b")}) as student:
        answer = student.name("answer")
        assert (len(answer), len(answer)) == (4, 4)
    with student_with({"answer": Changing("a", "b")}) as student:
        answer = student.name("answer")
        assert len({repr(answer) for _ in range(2)}) == 1
    with student_with({"Changing": Changing}, classes=("Changing",)) as student:
        made = student.name("Changing")(4, 5, 6, 7, "a", "b")
        assert (len(made), len(made)) == (4, 5)
        assert (made[0], made[0]) == (6, 7)
        assert (repr(made), repr(made)) == ("a", "b")
    with student_with({"answer": Changing(1, 2)}) as student:
        answer = student.name("answer")
        assert (answer.size, answer.size) == (1, 1)  # its class is in a module


def test_an_object_that_the_test_has_changed_is_asked_again() -> None:
    class Model:
        def __init__(self) -> None:
            self.layers = Layers()

        def fit(self) -> None:
            self.layers.count += 1

    class Layers:
        count = 0

        def __len__(self) -> int:
            return self.count

        def add(self) -> None:
            self.count += 1

    names = {"Model": Model, "add": lambda it: it.add()}
    with student_with(names, methods=["add"]) as student:
        model = student.name("Model")()
        layers = model.layers
        assert len(layers) == 0
        layers.add()
        assert len(layers) == 1
        student.name("add")(layers)
        assert len(layers) == 2
        model.fit()
        # `layers` was neither called nor passed: only reading the model again shows it.
        assert len(layers) == 2
        assert len(model.layers) == 3


def test_attributes_are_read_again_after_the_student_s_code_has_run() -> None:
    class Counter:
        count = 0

        def __next__(self) -> int:
            self.count += 1
            return self.count

        def __iter__(self) -> "Counter":
            return self

    with student_with({"counter": Counter()}) as student:
        counter = student.name("counter")
        assert counter.count == 0
        assert next(counter) == 1
        assert counter.count == 1


def test_an_object_s_text_does_not_pass_for_a_value_s() -> None:
    class Four:
        def __repr__(self) -> str:
            return "4"

    with student_with({"four": Four(), "Four": Four}) as student:
        for found in (student.name("four"), student.name("Four")()):
            assert str(found) != "4" != f"{found}"
            assert repr(found).startswith("<the student's Four>")


def test_the_class_that_a_handle_first_told_is_kept() -> None:
    first = {"k": "handle", "v": 1, "bases": ["torch.nn.modules.module.Module"]}
    with student_with({}) as student:
        handle = student._resolve(first)
        later = {**first, "bases": [], "callable": True, "class": True}
        assert student._resolve(later) is handle
        assert isinstance(handle, torch.nn.Module)
        assert not callable(handle)


# --- 3. No control flow ----------------------------------------------------------------------

STEERING = sorted(
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type)
    and issubclass(kind, BaseException)
    and (kind in {StopIteration, StopAsyncIteration} or not issubclass(kind, Exception))
)


@pytest.mark.parametrize("name", STEERING)
def test_student_exceptions_do_not_control_the_tests_interpreter(name: str) -> None:
    kind = type(imitation(name, "words"))
    assert issubclass(kind, StudentBaseError)
    assert set(type.mro(kind)) <= {kind, StudentBaseError, BaseException, object}


@pytest.mark.parametrize("kind", [StopIteration, StopAsyncIteration, GeneratorExit])
def test_student_exceptions_do_not_end_a_test_s_loops_early(
    kind: type[BaseException],
) -> None:
    def stop(*_: object) -> None:
        raise kind

    with student_with({"f": stop}) as student:
        f = student.name("f")
        for look in (
            lambda: all(f(x) == x for x in range(3)),
            lambda: list(map(f, range(3))),
            lambda: dict(zip(map(f, "ab"), "ab", strict=False)),
            lambda: list(filter(f, range(3))),
            lambda: next(iter(f, 0)),
            lambda: max(range(3), key=f),
            lambda: dict.fromkeys(map(f, "ab")),
        ):
            with pytest.raises((StudentBaseError, RuntimeError)):
                look()
        assert not student.lost


def test_index_errors_do_not_end_a_reversed_loop() -> None:
    class Short:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, key: int) -> int:
            raise IndexError

    with student_with({"answer": Short()}) as student, pytest.raises(NotDataError):
        list(reversed(student.name("answer")))


# --- 5. Names ------------------------------------------------------------------------------


def test_the_staff_s_names_come_before_python_s_and_the_libraries() -> None:
    with student_with({"sum": 3, "F": 4, "max": 5}) as student:
        names = Names(student, Library({"torch": "torch"}), ("sum", "F"))
        found = eval("[sum, F, max(1, 2), len('ab'), torch.ones]", names)  # noqa: S307 - as the grader does
        assert found == [3, 4, 2, 2, torch.ones]


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ([types], "this is a module: import it in the test"),
        ({"m": (1, [types])}, "this is a module: import it in the test"),
        ((1, ValueError), "may not be an exception class of Python"),
    ],
)
def test_what_cannot_be_sent_costs_one_answer_within_a_container_too(
    held: object, words: str
) -> None:
    with student_with({"f": lambda: held, "g": lambda: 1}) as student:
        with pytest.raises(NotDataError, match=words):
            student.name("f")()
        assert student.name("g")() == 1
