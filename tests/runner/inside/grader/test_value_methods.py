"""Methods that take an expected value work on values and the exercise's own classes."""

from pathlib import Path

import pytest
import torch

from runner.inside.grader.entitlement import _objects_of_libraries
from runner.inside.values.value_methods import VALUE_METHODS
from runner.protocol.jobs import TestStyle
from tests.runner.proof.entries import Entry
from tests.runner.proof.recording import honest, mark

pytestmark = pytest.mark.torch


def score(notebook: str, test: str, staff: str) -> float:
    """Return the score of the test, if the staff's notebook defines this."""
    entry = Entry(style=TestStyle.SCRIPT, right=staff, wrong=("", ""), tests=test)
    return mark(entry, entry.question(), honest(notebook), Path("/private")).scores[0]


# An object with every method, which gives the right answer from any of them.
LIAR = """
class Liar:
    def __getattr__(self, name): return lambda *a, **k: result
    shape, empty = (3,), True
result = Liar()
zero = lambda *a, **k: 0
for name in 'sum max min mean std size __len__'.split(): setattr(Liar, name, zero)
for name in 'count find index rfind'.split(): setattr(Liar, name, lambda *a: 1)
for name in 'replace removeprefix strip'.split(): setattr(Liar, name, lambda *a: '')
for name in 'difference symmetric_difference'.split(): setattr(Liar, name, lambda *a: set())
def make(): return Liar()
"""
JUDGING = {
    "difference": "assert not result.symmetric_difference({7, 9})",
    "subtraction": "assert result.sub(77).abs().max() < 1e-6",
    "count": "assert result.count('secret') == 1",
    "find": "assert result.find('secret') == 1",
    "index": "assert result.index(7) == 1",
    "replace": "assert result.replace('secret', '') == ''",
    "removeprefix": "assert result.removeprefix('secret') == ''",
    "a table's": "assert result.drop([7]).empty",
    "a table's comparison": "assert result.compare(7).shape == (3,)",
    "numpy's own question": "import numpy as np\nassert np.sum(result) == 0",
    "of what a function gives": "assert make().difference({7}) == set()",
    "of a made object's method": "assert Liar().copy().difference({7}) == set()",
    "of a made object given back": "x = Liar()\nx.same()\nassert x.difference({7}) == set()",
    "of a field": (
        "from collections import namedtuple\nassert fields.difference({7}) == set()"
    ),
    "its equality, by its name": "assert Liar.__eq__ is not object.__eq__",
    "its text, by its name": "assert Liar.__repr__ is not object.__repr__",
    "slots, which every handle has": "assert hasattr(Liar, '__slots__')",
    "an error that deriving raises here": (
        "try:\n    class Derived(Liar): pass\nexcept TypeError:\n    pass"
    ),
    "whatever is raised": (
        "try:\n    assert result.difference({7}) == set()\nexcept TypeError:\n    pass"
    ),
}
STAFF = "class Liar:\n    def same(self): return self\ndef make(): pass\nresult = fields = 1"


@pytest.mark.parametrize("test", JUDGING.values(), ids=JUDGING)
def test_an_object_does_not_have_a_value_s_methods(test: str) -> None:
    notebook = LIAR + (
        "Liar.same = lambda self: self\nLiar.copy = lambda self: make()\n"
        "from collections import namedtuple\n"
        "fields = namedtuple('F', 'difference')(zero)\n"
    )
    assert score(notebook, test, STAFF) == 0.0


EXERCISE = """
import math, torch
from collections import namedtuple
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def dist(self, other): return math.hypot(self.x - other.x, self.y - other.y)
    def equals(self, other): return (self.x, self.y) == (other.x, other.y)
class Shop:
    def __init__(self): self.stock = {}
    def item(self, name): return self.stock.get(name, 0)
    def update(self, name, n): self.stock[name] = n
    def pop(self): return self.stock.popitem()
class Bag(set):
    def total(self): return sum(self)
def shop(): return Shop()
def counted(f):
    def call(*a):
        call.count += 1
        return f(*a)
    call.count = 0
    call.get = lambda: call.count
    return call
@counted
def double(x): return 2 * x
def net(): return torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.ReLU())
def layers(): return torch.nn.ModuleList([torch.nn.Linear(2, 1)])
def parts(): return torch.nn.ModuleDict({'a': torch.nn.Linear(2, 1)})
def optimiser(model): return torch.optim.SGD(model.parameters(), lr=0.5)
def numbers():
    yield 1
    yield 2
class Thing: pass
thing = Thing()
thing.index, thing.size, thing.name = 3, 4, 'five'
"""
HONEST = {
    "a class's own": "assert Point(0, 0).dist(Point(3, 4)) == 5",
    "a predicate": "assert Point(1, 2).equals(Point(1, 2))",
    "of an object from a function": "s = shop()\ns.update('x', 3)\nassert s.item('x') == 3",
    "a method that takes away": "s = shop()\ns.update('x', 3)\nassert s.pop() == ('x', 3)",
    "a collection's": "b = Bag([1, 2])\nb.add(3)\nassert b.total() == 6 and b == {1, 2, 3}\n"
    "assert b.issubset({1, 2, 3, 4}) and not b.isdisjoint({3})",
    "attributes": "assert (thing.index, thing.size, thing.name) == (3, 4, 'five')",
    "a function's": "double(2)\nassert double.count == 1 and double.get() == 1",
    "a network": "m = net()\nm.eval()\nm.train()\nm.float()\nm.apply(print)\n"
    "assert sum(p.numel() for p in m.parameters()) == 3 and set(m.state_dict())\n"
    "m.load_state_dict(m.state_dict())\nassert len(list(m.children())) == 2",
    "layers": "m = layers()\nm.append(m[0])\nassert len(m) == 2\n"
    "d = parts()\nassert list(d.keys()) == ['a'] and len(list(d.items())) == 1",
    "an optimiser": "o = optimiser(net())\no.zero_grad()\no.step()\n"
    "assert o.state_dict()['param_groups'][0]['lr'] == 0.5",
    "a generator": "g = numbers()\nassert next(g) == 1 and list(g) == [2]\ng.close()",
}


@pytest.mark.parametrize("test", HONEST.values(), ids=HONEST)
def test_the_exercise_s_own_classes_have_their_methods(test: str) -> None:
    assert score(EXERCISE, test, EXERCISE) == 1.0


def test_the_methods_of_pandas_are_known() -> None:
    pd = pytest.importorskip("pandas")
    kinds = (pd.DataFrame, pd.Series, pd.Index, pd.MultiIndex, pd.Categorical)
    names = {
        name
        for kind in kinds
        for name in dir(kind)
        if not name.startswith("_") and callable(getattr(kind, name, None))
    }
    assert names <= VALUE_METHODS


LEARNING = """
seen = []
class Circle:
    def __init__(self, r): self.r = r
    def area(self): return seen[-1] if seen else self
    def areas(self): return [self.area()]
    def __rsub__(self, other): seen.append(other); return self
    __sub__ = __mul__ = __rmul__ = __rsub__
    def __abs__(self): return self
"""
GIVEN_BACK = {
    "by a method": "abs(167.5 - c.area())",
    "in a list": "abs(167.5 - c.areas()[0])",
    "and then by its name": "c.area()\nabs(167.5 - c)",
    "by an operator": "d = abs(c)\nabs(167.5 - d)",
}


@pytest.mark.parametrize("asking", GIVEN_BACK.values(), ids=GIVEN_BACK)
def test_a_returned_object_is_given_no_values(asking: str) -> None:
    staff = "class Circle:\n    def area(self): return 167.5"
    test = f"c = Circle(7.3)\ntry:\n    {asking.replace(chr(10), chr(10) + '    ')}\n"
    test += "except TypeError:\n    pass\nraise LookupError"
    entry = Entry(style=TestStyle.SCRIPT, right=staff, wrong=("", ""), tests=test)
    marked = mark(entry, entry.question(), honest(LEARNING), Path("/private"))
    assert [type(error).__name__ for error in marked.errors] == ["LookupError"]
    assert b"167.5" not in bytes(marked.sent)


@pytest.mark.parametrize("name", ["ScriptList", "ScriptDict", "Size"])
def test_an_object_posing_as_a_value_is_not_a_library_s_object(name: str) -> None:
    kind = getattr(torch._C, name, None) or getattr(torch, name)
    assert not issubclass(kind, _objects_of_libraries())
