"""Whatever runs the notebook's code may change its objects, and is heard by the test."""

import contextlib
import io
import itertools
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from runner.inside.grader.handle_hashes import own_hash_of
from runner.inside.grader.names import Library, Names
from runner.inside.student import readings
from runner.inside.student.service import Service
from runner.wire.grader_requests import CALLING, OF_ITEMS, OPERATIONS, RUNNING
from runner.wire.link import Link
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch

# Whatever these objects are asked, they count it, and answer with the count.
NOTEBOOK: Final = """
import functools
log = []
class Counting:
    n = 0
    def tick(self):
        print('tick')
        log.append(self.n)
        self.n += 1
        return self.n
    def __len__(self): return self.tick()
    def __str__(self): return str(self.tick())
    def __repr__(self): return str(self.tick())
    def __hash__(self): return self.tick()
    def __getitem__(self, key): return self.tick()
    def __add__(self, other): return self.tick()
    def __enter__(self): return self.tick()
    def __exit__(self, *_): self.tick()
    def __call__(self): return self.tick()
    def __dir__(self): return [str(self.tick())]
    def __copy__(self): self.tick(); return self
    def __deepcopy__(self, memo): self.tick(); return self
    def __getattr__(self, name):
        if name != 'other': raise AttributeError(name)
        return self.tick()
    value = property(tick)
    def fresh(self): return [self.n]
    items_now = property(fresh)
class Iterated:
    n = 0
    tick = Counting.tick
    def __iter__(self): return iter([self.tick()])
    def __reversed__(self): return iter([self.tick()])
    def each(self):
        while True: yield self.tick()
    def __str__(self): return str(self.tick())
    value = property(tick)
class Kept:
    def __init__(self): self.rows, self.n = [[1]], 0
    def __str__(self): return 'Kept'
    lazy = property(lambda self: self.rows)
    copied = property(lambda self: list(self.rows))
    @functools.cached_property
    def once(self): return [1]
    def __getitem__(self, key): return self.rows
"""
Look = Callable[[Any], object]


def _with(value: Any) -> None:
    with value:
        pass


LOOKS: Final[dict[str, Look]] = {
    "a computed attribute": lambda x: x.value,
    "str": str,
    "a method": lambda x: x.tick(),
}
OF_COUNTING: Final[dict[str, Look]] = {
    **LOOKS,
    "repr": repr,
    "len": len,
    "hash": own_hash_of,
    "an item": lambda x: x[0],
    "an attribute that is made up": lambda x: x.other,
    "data": lambda x: x.n,
}
ACTS_ON_COUNTING: Final[dict[str, Look]] = {
    **{name: look for name, look in OF_COUNTING.items() if name != "data"},
    "an operator": lambda x: x + x,
    "a call": lambda x: x(),
    "with": _with,
    "dir": dir,
}
OF_ITERATED: Final[dict[str, Look]] = {
    **LOOKS,
    "all items": list,
    "the first item": lambda x: next(iter(x)),
    "backwards": lambda x: list(reversed(x)),
    "a generator": lambda x: next(x.each()),
    "data": lambda x: x.n,
}


@contextlib.contextmanager
def names() -> Any:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(NOTEBOOK, space)  # noqa: S102 - a notebook
    classes = ("Counting", "Iterated", "Kept")
    methods = ("__getitem__", "__add__")
    with student_with(space, classes=classes, methods=methods) as student:
        found = Names(student, Library({}), ())
        yield student, found


def test_every_operation_of_a_snapshot_is_in_the_table() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        service = Service({}, Link(ours), Path())
    assert set(service._operations) == set(OPERATIONS)
    assert CALLING < RUNNING
    assert OF_ITEMS < RUNNING - CALLING


@pytest.mark.parametrize(
    ("kind", "looks", "acts"),
    [
        ("Counting", OF_COUNTING, ACTS_ON_COUNTING),
        ("Iterated", OF_ITERATED, OF_ITERATED),
    ],
)
def test_no_answer_of_an_object_outlives_its_own_code(
    kind: str, looks: dict[str, Look], acts: dict[str, Look]
) -> None:
    wrong = []
    with names() as (_, found):
        for look, act in itertools.product(looks, set(acts) - {"data"}):
            made = found[kind]()
            before = looks[look](made)
            acts[act](made)
            if looks[look](made) == before:
                wrong.append((look, act))
        other = found[kind]()
        for act in set(acts) - {"data"}:
            log = len(found["log"])
            acts[act](other)
            if len(found["log"]) == log:
                wrong.append((act, "a name"))
    assert wrong == []


def test_a_test_hears_whatever_prints() -> None:
    silent = []
    with names() as (_, found):
        for kind, acts in (("Counting", ACTS_ON_COUNTING), ("Iterated", OF_ITERATED)):
            for act, run in acts.items():
                made, out = found[kind](), io.StringIO()
                with contextlib.redirect_stdout(out):
                    run(made)
                if "tick\n" not in out.getvalue() and act != "data":
                    silent.append(act)
    assert silent == []


def test_each_operation_that_runs_code_counts_as_a_step() -> None:
    uncounted = []
    with names() as (student, found):
        made = found["Iterated"]()
        for operation in sorted(RUNNING - {"attr"}):
            steps = student.steps
            # Most of them fail with these operands. That ran the notebook's code, too.
            operands = ("add", made) if operation == "operate" else (made,)
            with contextlib.suppress(Exception):
                student.ask(operation, *operands)
            if student.steps <= steps:
                uncounted.append(operation)
    assert uncounted == []


def test_a_value_that_is_read_again_is_the_same_object_where_it_is_one() -> None:
    with names() as (_, found):
        kept = found["Kept"]()
        for read in (lambda: kept.rows, lambda: kept.lazy, lambda: kept["k"]):
            first = read()
            str(kept)
            assert read() is first
        assert kept.once is kept.once
        assert kept.copied is not kept.copied
        kept.copied.append(4)
        assert kept.copied == [[1]]
        kept.rows.append(5)
        assert kept.rows == [[1], 5]


class _Own:
    """A descriptor of the notebook's."""

    def __get__(self, *_: object) -> int:
        return 1


class _Holder:
    __slots__ = ("__dict__", "slot")
    data = 3
    own = _Own()
    method = test_every_operation_of_a_snapshot_is_in_the_table
    static = staticmethod(len)
    of_class: Any = classmethod(print)
    computed = property(lambda _: 1)


def test_only_what_python_itself_looks_up_counts_as_data() -> None:
    held: Any = _Holder()
    held.slot, held.there = 1, 2
    _Holder.__module__ = "__main__"
    quiet = ("data", "there", "slot", "method", "static", "of_class", "__dict__")
    running = {name: readings.runs_code(held, name) for name in (*quiet, "gone")}
    assert not any(running.values())
    assert readings.runs_code(held, "own")
    assert readings.runs_code(held, "computed")
    assert readings.runs_code(_Holder, "own")
    assert not readings.runs_code(_Holder, "computed")


def test_each_kind_of_descriptor_that_counts_as_data_is_known() -> None:
    import builtins  # noqa: PLC0415 - only enumerated here
    import enum  # noqa: PLC0415 - same
    import functools  # noqa: PLC0415 - same
    import types  # noqa: PLC0415 - same

    modules = (builtins, types, functools, enum)
    kinds = {
        one
        for module in modules
        for one in vars(module).values()
        if isinstance(one, type) and hasattr(one, "__get__")
    }
    quiet = {one.__name__ for one in kinds if issubclass(one, readings._PLAIN)}
    assert quiet == {
        *("function", "method_descriptor", "wrapper_descriptor"),
        *("classmethod_descriptor", "member_descriptor", "getset_descriptor"),
        *("staticmethod", "classmethod"),
    }
    assert {"property", "cached_property"} <= {one.__name__ for one in kinds} - quiet
