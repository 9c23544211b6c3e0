"""Objects that a test makes by calling the notebook's own classes."""

from pathlib import Path

import pytest

from runner.protocol import TestStyle
from tests.runner.proof.entries import Entry
from tests.runner.proof.recording import honest, mark

pytestmark = pytest.mark.torch

CLASSES = """
from typing import NamedTuple
class Vector:
    def __init__(self, x, y): self.x, self.y = x, y
    def __mul__(self, o):
        if isinstance(o, Vector): return self.x * o.x + self.y * o.y
        return Vector(self.x * o, self.y * o)
    __rmul__ = __matmul__ = __mul__
    def __abs__(self): return (self.x ** 2 + self.y ** 2) ** .5
    def __add__(self, o): return Vector(self.x + o.x, self.y + o.y)
    def __sub__(self, o): return Vector(self.x - o.x, self.y - o.y)
class Stack(list):
    def push(self, x): self.append(x)
    def peek(self): return self[-1]
class Pair(list):
    def __add__(self, o): return Pair([a + b for a, b in zip(self, o)])
class Point(NamedTuple):
    x: float
    y: float
    def norm(self): return (self.x ** 2 + self.y ** 2) ** .5
class Matrix(dict):
    def trace(self): return sum(v for (i, j), v in self.items() if i == j)
class Plain(list): pass
class Timer:
    def __enter__(self): self.n = 1; return self
    def __exit__(self, *about): self.n = 2
def peeked(stack): return stack.peek()
"""
HONEST = {
    "a product of two": "assert Vector(1, 2) * Vector(3, 4) == 11",
    "another product": "assert Vector(1, 2) @ Vector(3, 4) == 11",
    "a length": "assert abs(Vector(3, 4)) == 5",
    "a length of a sum": "assert abs(Vector(1, 1) + Vector(2, 3)) == 5",
    "a method": "assert (Vector(3, 4) - Vector(1, 1)).x == 2",
    "a list's own methods": "s = Stack()\nassert not s and len(s) == 0\ns.push(3)\n"
    "assert s.peek() == 3 and len(s) == 1 and s == [3] and s[0] == 3 and 3 in s\n"
    "s.push(4)\nassert s == [3, 4] and list(s) == [3, 4] and s != [3] and s",
    "a list given back": "s = Stack([1, 2])\nassert peeked(s) == 2 and s == Stack([1, 2])",
    "a list's own operators": "assert (Pair([1, 2]) + Pair([3, 4])) == [4, 6]",
    "an array of a list": "import numpy as np\nassert np.allclose(Stack([1, 2]), [1, 2])",
    "a tuple's own methods": "p = Point(3, 4)\nassert p.norm() == 5 and p == (3, 4)\n"
    "x, y = p\nassert x == p.x == 3 and y == p[1]",
    "a dictionary's own methods": "m = Matrix({(0, 0): 1, (1, 1): 2})\n"
    "assert m.trace() == 3 and m[0, 0] == 1 and m == {(0, 0): 1, (1, 1): 2}",
    "no methods": "assert Plain([1]) + [2] == [1, 2] and isinstance(Plain(), list)",
    "a context": "with Timer() as t: assert t.n == 1\nassert t.n == 2",
}
NAMES = ("Vector", "Stack", "Pair", "Point", "Matrix", "Plain", "Timer", "peeked")


def score(notebook: str, test: str) -> float:
    """Return what the test gives; the staff's notebook has all the classes above."""
    entry = Entry(style=TestStyle.SCRIPT, right=CLASSES, wrong=("", ""), tests=test)
    return mark(entry, entry.question(), honest(notebook), Path()).scores[0]


@pytest.mark.parametrize("test", HONEST.values(), ids=HONEST)
def test_an_object_that_a_test_made_does_what_its_class_does(test: str) -> None:
    assert score(CLASSES, test) == 1.0


# Zero in every comparison, and full of nothing.
FALSE = """
class Zero:
    def __init__(self, *a): self.x = 0
    def __abs__(self): return 0
    def __sub__(self, o): return 0
    __rsub__ = __truediv__ = __mod__ = __add__ = __mul__ = __rmul__ = __sub__
Vector = Zero
class Any:
    def __eq__(self, o): return True
    def __bool__(self): return True
class Stack(list):
    def push(self, x): pass
    def __len__(self): return 3
    def __contains__(self, x): return True
    def __eq__(self, o): return True
    def __ne__(self, o): return False
    def __bool__(self): return False
class Timer:
    def __enter__(self): return self
    def __exit__(self, *about): return True
answer = Zero()
"""
FORGED = {
    "a difference of two": "assert abs(Vector(1, 2) - Vector(3, 4)) < 1e-9",
    "a quotient of two": "assert Vector(1, 2) / Vector(3, 4) == 0",
    "a sum that was told": "assert abs(Vector(1, 2) + 7) < 1e-9",
    "a product that was told": "assert Vector(1, 2) * 7 == 0",
    "after being told": "assert abs(abs(Vector(1, 2) * 7)) < 1e-9",
    "an object of the notebook's": "assert abs(answer + answer) == 0",
    "a list equal to anything": "assert Stack([1]) == [7]",
    "a list that has anything": "assert 7 in Stack([1])",
    "a list of two lengths": "s = Stack([1])\nassert len(s) == 3 and s == [1]",
    "a list that is false": "assert not Stack([1])",
    "an error that is ended": "with Timer(): assert 1 == 7",
}


@pytest.mark.parametrize("test", FORGED.values(), ids=FORGED)
def test_no_object_that_a_test_made_decides_a_comparison(test: str) -> None:
    assert score(FALSE, test) == 0.0


def test_an_object_of_the_notebook_s_is_none_that_the_test_made() -> None:
    """A class that gives back an object which has a name learns nothing by it."""
    notebook = (
        "class Vector:\n    def __new__(cls, *a): return answer\n"
        "    def __add__(self, o): return 0\nanswer = object.__new__(Vector)"
    )
    assert score(notebook, "Vector(1, 2)\nassert answer + answer == 0") == 0.0
