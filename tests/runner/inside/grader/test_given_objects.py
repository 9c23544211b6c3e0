"""Functions, iterators and files that a test gives are one object for the notebook."""

import contextlib
import io
from typing import Any, Final

import pytest

from runner.inside.grader import refusals
from runner.inside.grader.given_positions import COPIED
from runner.inside.grader.names import Library, Names
from tests.runner.pairs import student_with
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

NOTEBOOK: Final = """
import itertools
class Bus:
    def __init__(self): self.once, self.every = set(), []
    def on(self, f):
        self.once.add(f)
        self.every.append(f)
    def off(self, f): self.every.remove(f)
    def emit(self):
        for f in self.every:
            try: f(1)
            except Exception: pass
def take(items, n): return list(itertools.islice(items, n))
def read(f, n): return f.read(n)
def close(f):
    with f: return f.read()
"""


@contextlib.contextmanager
def names() -> Any:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(NOTEBOOK, space)  # noqa: S102 - a notebook
    with student_with(space, classes=("Bus",)) as student:
        yield Names(student, Library({}), ())


ITERATED: Final = (
    *([1, 2, 3], (1, 2, 3), "abc", "äöü", b"abc", bytearray(b"abc"), range(3)),
    *({1: 1, 2: 2, 3: 3}, {1, 2, 3}, frozenset((1, 2, 3))),
    *({1: 1, 2: 2, 3: 3}.items(), {1: 1, 2: 2, 3: 3}.values(), range(2**70, 2**70 + 3)),
)


def test_an_iterator_of_a_test_stands_where_the_notebook_has_left_it() -> None:
    with names() as found:
        backwards = [reversed(one) for one in ([1, 2, 3], range(3), {1: 1, 2: 2, 3: 3})]
        for given in (*map(iter, ITERATED), *backwards):
            assert type(given) in COPIED
            first = found["take"](given, 2)
            assert len(first) == 2
            assert len(list(given)) == 1


def test_a_file_of_a_test_stands_where_the_notebook_has_left_it() -> None:
    with names() as found:
        text, data = io.StringIO("abcd"), io.BytesIO(b"abcd")
        assert (found["read"](text, 2), found["read"](data, 3)) == ("ab", b"abc")
        assert (text.tell(), data.tell()) == (2, 3)
        assert (found["read"](text, 9), text.read()) == ("cd", "")
        assert found["close"](data) == b"d"
        assert data.closed


def test_a_function_of_a_test_is_one_object_in_the_notebook() -> None:
    seen: list[int] = []
    with names() as found:
        bus = found["Bus"]()
        for given in (seen.append, lambda x: x):
            bus.on(given)
            bus.on(given)
        assert len(bus.once) == 2
        assert len(bus.every) == 4
        bus.off(seen.append)
        assert len(bus.every) == 3


def test_a_check_in_which_a_function_is_called_too_late_cannot_pass() -> None:
    refusals.forget()
    with names() as found:
        bus = found["Bus"]()
        bus.on(lambda x: x)
        assert refusals.first() is None
        bus.emit()
        assert "after the call" in str(refusals.first())
    refusals.forget()


GIVEN: Final = {
    "g = (x for x in [1, 2, 3])\ntake(g, 2)\nnext(g, 0)": True,
    "g = map(abs, [1, 2, 3])\ntake(g, 2)\nlist(g)": True,
    "def f():\n    g = zip('abc')\n    take(g, 2)\n    return [one for one in g]\nf()": True,
    "g = (x for x in [1, 2, 3])\ntake(g, 3)\nlist(g)": False,
    "g = (x for x in [1, 2, 3])\nassert iter(g) is g\ntake(g, 2)": False,
    "take((x for x in [1, 2, 3]), 2)": False,
}


@pytest.mark.parametrize("test", GIVEN)
def test_the_lost_rest_of_a_generator_is_refused_where_the_test_looks_at_it(
    test: str,
) -> None:
    refusals.forget()
    with names() as found:
        exec(test, found)  # noqa: S102 - as the grader does
        assert bool(refusals.first()) is GIVEN[test]
    refusals.forget()


_CHANGING: Final = """
import io
class Reader:
    def __init__(self, f): self.f = f
    def change(self): change(self.f)
def change(x): {}
def leave(x): {}
"""
# What a test gives, how the notebook's code changes it or only reads it, and what the test
# looks at afterwards.
_WAYS: Final = {
    "text cut": (
        "io.StringIO('ab')",
        "x.seek(0); x.truncate()",
        "x.read()",
        "g.getvalue() == 'ab'",
    ),
    "text written": (
        "io.StringIO('ab')",
        "x.write('c')",
        "x.seek(1)",
        "g.getvalue() == 'ab'",
    ),
    "text from here": (
        "io.StringIO('ab')",
        "x.read(); x.write('c'); x.seek(0)",
        "x.read(); x.seek(0)",
        "g.read() == 'ab'",
    ),
    "bytes cut": (
        "io.BytesIO(b'ab')",
        "x.truncate(0)",
        "x.read(1)",
        "g.getvalue() == b'ab'",
    ),
    "bytes in place": (
        "io.BytesIO(b'ab')",
        "x.getbuffer()[0] = 0",
        "x.getbuffer()[0]",
        "bytes(g.getbuffer()) == b'ab'",
    ),
    "a chain": ("collections.ChainMap(d)", "x['a'] = 0", "x['a']", "d == {'a': 1}"),
    "a chain's own": (
        "collections.ChainMap({}, d)",
        "x['b'] = 0",
        "x.get('b')",
        "dict(g) == {'a': 1}",
    ),
    "a chain cleared": (
        "collections.ChainMap(d, {'c': 2})",
        "x.clear()",
        "len(x)",
        "'a' in g",
    ),
    "a dictionary": (
        "collections.UserDict(d)",
        "x['a'] = 0",
        "x['a']",
        "dict(g) == {'a': 1}",
    ),
    "a list": ("collections.UserList([1])", "x.append(2)", "x[0]", "list(g) == [1]"),
    "a list within": (
        "collections.UserList([[1]])",
        "x[0].append(2)",
        "x[0]",
        "g[0] == [1]",
    ),
    "an ordered one": (
        "collections.OrderedDict(d)",
        "x['a'] = 0",
        "x['a']",
        "dict(g) == {'a': 1}",
    ),
    "a deque": ("collections.deque([1])", "x.pop()", "x[0]", "list(g) == [1]"),
    "a counter": (
        "collections.Counter('a')",
        "x.update('b')",
        "x['a']",
        "dict(g) == {'a': 1}",
    ),
    "a default": (
        "collections.defaultdict(int, d)",
        "x['b']",
        "x['a']",
        "dict(g) == {'a': 1}",
    ),
    "a namespace": ("types.SimpleNamespace(a=1)", "x.a = 0", "x.a", "g.a == 1"),
    "a bytearray": ("bytearray(b'ab')", "x.pop()", "x[0]", "g == b'ab'"),
    "an array": ("np.ones(2)", "x[0] = 0", "x[0]", "g.sum() == 2"),
    "a set": ("{1, 2}", "x.pop()", "len(x)", "len(g) == 2"),
}
_TESTS: Final = {
    "a call": "change(g)",
    "inside of a list": "change([g][0])",
    "kept": "Reader(g).change()",
}


@pytest.mark.parametrize("way", _WAYS)
def test_what_a_test_gives_and_the_notebook_changes_cannot_count_as_unchanged(
    way: str,
) -> None:
    given, changes, reads, look = _WAYS[way]
    right, wrong = (
        _CHANGING.format(one, reads)
        for one in (
            f"return {reads}" if "; " not in reads and "=" not in reads else reads,
            changes,
        )
    )
    for call in _TESTS.values():
        test = (
            f"import collections, io, types\nd = {{'a': 1}}\ng = {given}\n{call}\n"
            f"assert {look}"
        )
        assert tried(right, right, test).scores == (1.0,), call
        assert tried(right, wrong, test).scores == (0.0,), call
