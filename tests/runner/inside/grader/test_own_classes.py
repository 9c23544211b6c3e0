"""Tests can make objects of the notebook's own classes."""

from pathlib import Path

import pytest

from runner.protocol.jobs import TestStyle
from tests.runner.proof.entries import Entry
from tests.runner.proof.recording import honest, mark

pytestmark = pytest.mark.torch

CLASSES = """
import torch
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
class Countdown:
    def __init__(self, n): self.n = n
    def __iter__(self): yield from range(self.n, 0, -1)
    def __reversed__(self): yield from range(1, self.n + 1)
class Total:
    def __init__(self, n): self.n = n
    def __iadd__(self, o):
        self.n += o.n if isinstance(o, Total) else o
        return self
class Loader:
    def __init__(self, xs): self.xs = xs
    def __iter__(self):
        yield from reversed(self.xs)
class Tree:
    def __init__(self, v): self.v, self.left = v, None
    def insert(self, v): self.left = Tree(v)
    def copy(self): return type(self)(self.v)
class Leaf(Tree): pass
class Node:
    def value(self): return 3
def ring():
    a, b = Node(), Node()
    a.next, b.next = b, a
    return [a, b]
class Value:
    def __init__(self, data): self.data, self.grad = data, 0
    def __add__(self, o): return Value(self.data + getattr(o, 'data', o))
    def __mul__(self, o): return Value(self.data * getattr(o, 'data', o))
    def __sub__(self, o): return self + (-o)
    def __truediv__(self, o): return self * (1 / o)
    def __pow__(self, n): return Value(self.data ** n)
    def __neg__(self): return self * -1
    __radd__, __rmul__ = __add__, __mul__
    def __call__(self, x): return self * x + 1
class Net(torch.nn.Module): pass
class Other(torch.nn.Module): pass
def peeked(stack): return stack.peek()
def nets(): return [Net(), Net(), Other()]
def layers(): return [torch.nn.Linear(1, 1), torch.nn.Linear(2, 1), torch.nn.ReLU()]
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
    "backwards": "assert list(reversed(Countdown(3))) == [1, 2, 3]\n"
    "assert list(reversed(Stack([1, 2]))) == [2, 1]",
    "in place": "v = w = Total(1)\nv += Total(3)\nassert v is w and w.n == 4\n"
    "v += 2\nv += 2\nassert w.n == 8 and not hasattr(v, '__isub__')",
    "in place without a method for it": "v = Vector(1, 2)\nw = v\nv += Vector(3, 4)\n"
    "assert (v.x, v.y, w.x) == (4, 6, 1) and v is not w\nv *= 2\nassert v.x == 8",
    "in place, a list": "s = t = Stack([1])\ns += [2]\nassert s is t and t == [1, 2]",
    "gone through twice": "a = Loader([1, 2])\nassert list(a) == list(a) == [2, 1]",
    "classes": "t = Tree(5)\nt.insert(3)\nassert isinstance(t.left, type(t))\n"
    "assert type(t.copy()) is type(t) and t.copy().__class__ is t.__class__\n"
    "assert type(t) == Tree and type(Leaf(1)) != Tree and type(t).__name__ == 'Tree'\n"
    "assert isinstance(Leaf(1), type(t)) and not isinstance(t, type(Leaf(1)))",
    "classes of networks": "a, b, c = nets()\nassert type(a) is type(b) is not type(c)\n"
    "assert a.__class__ is b.__class__ is not c.__class__\n"
    "import torch\nassert isinstance(a, torch.nn.Module) and type(a) == Net\n"
    "assert isinstance(a.__class__, type) and issubclass(a.__class__, torch.nn.Module)",
    "classes of layers": "a, b, c = layers()\nassert type(a) is type(b) is not type(c)\n"
    "import torch\nassert a.__class__ is torch.nn.Linear is not c.__class__\n"
    "assert isinstance(a, torch.nn.Linear) and not isinstance(c, torch.nn.Linear)",
    "owners in a circle": "a, b = ring()\nassert a.next is b and b.next is a\n"
    "assert a.value() == 3 and list(reversed(Countdown(1))) == [1]",
    "an engine of gradients": "a, b = Value(2.0), Value(-3.0)\nc = a * b + 10\n"
    "d = (c - 1) / 2\nd += 1.5\ne = -(2 * d) ** 2\nassert (c.data, d.data) == (4, 3)\n"
    "assert e.data == -36 and a.grad == 0\n"
    "assert [(a * i + i).data for i in range(3)] == [0, 3, 6]",
    "a class as an argument": "made = [kind(2) for kind in (Value, Tree)]\n"
    "assert made[0].data == made[1].v == 2 and isinstance(made[0], Value)\n"
    "assert issubclass(Leaf, Tree) and Value is Value and (Value(3)(2)).data == 7",
    "a context": "with Timer() as t: assert t.n == 1\nassert t.n == 2",
}


def score(notebook: str, test: str) -> float:
    """Return the score of the test; the staff's notebook has all the classes above."""
    entry = Entry(style=TestStyle.SCRIPT, right=CLASSES, wrong=("", ""), tests=test)
    return mark(entry, entry.question(), honest(notebook), Path()).scores[0]


@pytest.mark.parametrize("test", HONEST.values(), ids=HONEST)
def test_an_object_that_a_test_made_behaves_as_its_class_says(test: str) -> None:
    assert score(CLASSES, test) == 1.0


# Classes that claim to equal everything, or to hold nothing.
FALSE = """
import torch
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
class Countdown:
    def __init__(self, n): pass
    def __iter__(self): return iter([3, 2, 1])
    def __reversed__(self): raise NotImplementedError
class Total:
    def __init__(self, n): self.n = n
    def __add__(self, o): return Total(self.n + o.n)
    def __iadd__(self, o): raise NotImplementedError
class Loader:
    def __init__(self, xs): self.steps = iter(xs)
    def __iter__(self): return self.steps
class Tree:
    def __init__(self, v): self.left = Timer()
    def copy(self): return Timer()
class Net(torch.nn.Module): pass
class Other(torch.nn.Module): pass
def nets(): return [Net(), Other()]
answer = Zero()
class Told:
    def __getattr__(self, name): return lambda *a: torch.zeros(1)
    def __sub__(self, o): return Told()
    __add__ = __mul__ = __sub__
    def __getitem__(self, key): return 1.0
class Universal(Told):
    def __call__(self, *a): return self if a and type(a[0]) is int else Told()
Value = peeked = Universal()
class Vector(Zero):
    def __matmul__(self, o): return Told()
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
    "backwards": "assert list(reversed(Countdown(3))) == [1, 2, 3]",
    "in place": "v = Total(1)\nv += Total(3)\nassert v.n == 4",
    "a number in place": "v = answer\nv -= 7\nassert not v",
    "a difference in place": "v = Vector(1, 2)\nv -= Vector(3, 4)\nassert abs(v) == 0",
    "gone through once": "a = Loader([1, 2])\nassert list(a) == [1, 2] and list(a) == [1, 2]",
    "another class": "t = Tree(5)\nassert type(t.copy()) is type(t)",
    "no instance": "t = Tree(5)\nassert isinstance(t.left, type(t))",
    "another class by attribute": "t = Tree(5)\nassert t.copy().__class__ is t.__class__",
    "another network": "a, b = nets()\nassert a.__class__ is b.__class__",
    "a class by its name": "assert type(Tree(5).left) == Tree",
    "a class that is what it makes": "import torch\nlayer = Value(4)\nwant = torch.ones(3)\n"
    "assert (layer(want) - want).abs().max() < 1e-5",
    "a class that is a function, too": "Value(3)\nimport torch\nwant = torch.ones(3)\n"
    "assert peeked(want).sub(want).abs().max() < 1e-5",
    "a class that is told an index": "Value(3)\nassert peeked([1])[77] == 1.0",
    "what an operator gives": "import torch\nwant = torch.ones(1) * 3\n"
    "assert (Vector(1, 2) @ Vector(3, 4)).sub(want).abs() < 1e-5",
    "what an operator gives, and minus": "import torch\nwant = torch.ones(1) * 3\n"
    "assert (Vector(1, 2) @ Vector(3, 4) - want).abs() < 1e-5",
    "what an operator gives, and a number": "want = sum([3, 8])\n"
    "assert (Vector(1, 2) @ Vector(3, 4) - want).norm() < 1e-5",
    "an error that is ended": "with Timer(): assert 1 == 7",
}


@pytest.mark.parametrize("test", FORGED.values(), ids=FORGED)
def test_an_object_that_a_test_made_does_not_decide_comparisons(test: str) -> None:
    assert score(FALSE, test) == 0.0


def test_an_existing_object_does_not_pass_for_one_that_the_test_made() -> None:
    """A class that returns an object with a name learns nothing by it."""
    notebook = (
        "class Vector:\n    def __new__(cls, *a): return answer\n"
        "    def __add__(self, o): return 0\nanswer = object.__new__(Vector)"
    )
    assert score(notebook, "Vector(1, 2)\nassert answer + answer == 0") == 0.0
