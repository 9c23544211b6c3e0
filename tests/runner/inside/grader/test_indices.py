"""An object that poses as a value is not told the index that a test asks it for."""

from pathlib import Path

import pytest

from runner.protocol.jobs import TestStyle
from tests.runner.proof.entries import Entry
from tests.runner.proof.recording import Marked, honest, mark, tried

pytestmark = pytest.mark.torch


def marked(notebook: str, test: str, staff: str = "") -> Marked:
    """Return the scores of the test, where the staff's notebook defines this."""
    entry = Entry(style=TestStyle.SCRIPT, right=staff, wrong=("", ""), tests=test)
    return mark(entry, entry.question(), honest(notebook), Path("/private"))


# An object that records the keys that it is asked for and the values it is given.
CURIOUS = """
import numpy as np, torch
seen = []
class Curious:
    shape = (3, 2)
    def __getitem__(self, key): seen.append(key); return 1.0
    def __setitem__(self, key, value): seen.append((key, value))
    def __delitem__(self, key): seen.append(key)
    __contains__ = __sub__ = lambda self, key: seen.append(key) or 1.0
class Long(Curious):
    def __len__(self): return 3
class Rows(Long):
    def __iter__(self): return iter([Curious() for _ in range(3)])
class Data(Long, torch.utils.data.Dataset): pass
class Layers(torch.nn.ModuleList):
    def __setitem__(self, key, value): seen.append((key, value))
def curious(): return Curious()
def long(): return Long()
def rows(): return Rows()
def data(): return Data()
def layers(): return Layers()
named = Curious()
class Call(Curious):
    def __call__(self): return self
call = Call()
def noted(): return repr(seen)
"""
SECRET = 777_123
KEYS = {
    "an array of labels": "long()[np.array([key, key])]",
    "a label": "curious()[key]",
    "a label of numpy's": "curious()[np.int64(key)]",
    "a label of torch's": "curious()[torch.tensor(key)]",
    "a pair": "long()[0, key]",
    "rows and labels": "long()[np.arange(2), np.array([key, key])]",
    "a label of each row": "[row[key] for row in rows()]",
    "a slice": "curious()[:key]",
    "a list": "long()[[key]]",
    "a text": "curious()[str(key)]",
    "a pair for a dataset": "data()[0, key]",
    "an array for a dataset": "data()[torch.tensor([key])]",
    "an array for a name": "named[np.array([key])]",
    "a pair for a name": "named[0, key]",
    "a label for a name": "named[key]",
    "a function that gives itself": "own = call()\nown[key]",
    "an assigned value": "curious()[0] = key",
    "an assigned value's place": "curious()[key] = 0",
    "an assigned array": "named[np.array([True])] = np.array([key])",
    "a value for layers": "layers()[0] = key",
    "a deleted place": "del curious()[key]",
    "by the method's name": "curious().__getitem__(key)",
    "by the operator's name": "curious().__sub__(key)",
    "by the module operator": "import operator\noperator.getitem(curious(), key)",
    "by a getter": "from operator import itemgetter\nitemgetter(key)(curious())",
    "what it contains": "curious().__contains__(key)",
}


@pytest.mark.parametrize("asking", KEYS.values(), ids=KEYS)
def test_an_object_posing_as_a_value_is_told_no_index(asking: str) -> None:
    lines = asking.replace("\n", "\n    ")
    test = (
        f"import numpy as np, torch\nkey = {SECRET}\ntry:\n    {lines}\n"
        "except (TypeError, LookupError):\n    pass\n"
        "assert str(key) not in noted()\nraise OverflowError"
    )
    found = marked(CURIOUS, test)
    assert [type(error).__name__ for error in found.errors] == ["OverflowError"]
    assert str(SECRET).encode() not in bytes(found.sent)


FORGED = {
    "labels of an array": (
        "p = long()\nassert -np.log(p[np.arange(3), np.array([0, 1, 1])]).mean() < 1"
    ),
    "and whatever is raised": (
        "try:\n    long()[np.arange(3), np.array([0, 1, 1])]\nexcept TypeError:\n    pass"
    ),
    "an assigned part": "p = long()\np[:1] = np.ones(1)\nassert p[1] == 1.0",
    "items in two ways": (
        "assert all(a <= b for a, b in zip(two(), two()[1:]))\n"
        "t = two()\nassert all(a <= b for a, b in zip(t, t[1:])) and sorted(t) == [1, 2, 3]"
    ),
    "items by index": (
        "t = two()\nassert all(t[i] <= t[i + 1] for i in range(2))\nassert sorted(t) == [1, 2, 3]"
    ),
    "a dataset's, too": (
        "t = two_data()\nassert all(a <= b for a, b in zip(t, t[1:]))\n"
        "assert sorted(t) == [1, 2, 3]"
    ),
    "a dataset's slice as an object": (
        "t = parts()\nassert all(a <= b for a, b in zip(t, t[1:]))\n"
        "assert sorted(t) == [1, 2, 3]"
    ),
    "the slice first": (
        "t = parts()\nlater = list(t[1:])\nassert all(a <= b for a, b in zip(t, later))\n"
        "assert sorted(t) == [1, 2, 3]"
    ),
    "no second time": "o = once()\nassert sorted(o) == [1, 2]\nassert [a for a in o] is not None",
    "an index that fails when all are asked for": (
        "t = shy_data()\nassert sorted(t) == [1, 2, 3]\n"
        "assert all(t[i] <= t[i + 1] for i in range(len(t) - 1))"
    ),
    "a slice that is no list": (
        "t = queued()\nassert sorted(t) == [1, 2, 3]\n"
        "assert all(a <= b for a, b in zip(t, t[1:]))"
    ),
    "keys that are not the items": (
        "t = keyed()\nassert sorted(t) == [1, 2, 3]\n"
        "assert all(t[i] <= t[i + 1] for i in range(len(t) - 1))"
    ),
    "a key that is no key": "m = full()\nassert m['x'] == 1 and list(m.keys()) == []",
}
TWO = """
class Two:
    def __len__(self): return 3
    def __iter__(self): return iter([3, 1, 2])
    def __getitem__(self, key):
        return [9, 9] if isinstance(key, slice) else key
class TwoData(Two, torch.utils.data.Dataset): pass
class Parts(torch.utils.data.Dataset):
    def __len__(self): return 3
    def __iter__(self): return iter([3, 1, 2])
    def __getitem__(self, key):
        if isinstance(key, slice): return Nines()
        raise ValueError
class Nines(Two):
    def __len__(self): return 2
    def __iter__(self): return iter([9, 9])
def two(): return Two()
def two_data(): return TwoData()
def parts(): return Parts()
class Once:
    def __init__(self): self.it = iter([1, 2])
    def __iter__(self): return self.it
def once(): return Once()
class Full(torch.utils.data.Dataset):
    def keys(self): return []
    values = items = keys
    def __getitem__(self, key): return 1
def full(): return Full()
class ShyData(TwoData):
    asked = 0
    def __getitem__(self, key):
        self.asked += 1
        if self.asked == 1: raise RuntimeError
        return 0
def shy_data(): return ShyData()
class Keyed(Two):
    def keys(self): return range(3)
    def values(self): return [0, 0, 0]
    def items(self): return [(0, 0), (1, 0), (2, 0)]
def keyed(): return Keyed()
class Queued(TwoData):
    def __getitem__(self, key):
        from collections import deque
        return deque([9, 9]) if isinstance(key, slice) else [3, 1, 2][key]
def queued(): return Queued()
"""


@pytest.mark.parametrize("test", FORGED.values(), ids=FORGED)
def test_indices_and_repeated_reads_cannot_forge_a_mark(test: str) -> None:
    assert marked(CURIOUS + TWO, "import numpy as np\n" + test).scores == (0.0,)


COURSE = """
import re, numpy as np, torch
from collections import UserDict
from torch import nn
class Images(torch.utils.data.Dataset):
    def __init__(self, n=60_000): self.n, self.loaded = n, 0
    def __len__(self): return self.n
    def __getitem__(self, i):
        if i >= self.n: raise IndexError
        self.loaded += 1
        return torch.full((3, 8, 8), float(i)), i % 10
class Noisy(Images):
    def __getitem__(self, i): return torch.randn(2), i
class Vocab:
    def __init__(self, words): self.words = list(words)
    def __len__(self): return len(self.words)
    def __getitem__(self, key):
        return self.words[key] if isinstance(key, int) else self.words.index(key)
class Tensor:
    def __init__(self, data): self.data = np.array(data)
    def __getitem__(self, key): return Tensor(self.data[key])
    def __setitem__(self, key, value): self.data[key] = value
    def numpy_(self): return self.data
class Matrix:
    def __init__(self): self.cells = {}
    def __getitem__(self, at): return self.cells.get(at, 0)
    def __setitem__(self, at, value): self.cells[at] = value
class Ring:
    def __init__(self, xs): self.xs = list(xs)
    def __len__(self): return len(self.xs)
    def __getitem__(self, i): return self.xs[i % len(self.xs)]
class OneBased(Ring):
    def __getitem__(self, i): return self.xs[i - 1]
class Poly:
    def __init__(self, *c): self.c = c
    def __len__(self): return len(self.c)
    def __getitem__(self, i): return self.c[i] if i < len(self.c) else 0
class Recent(Ring):
    def __init__(self): self.xs = {}
    def __getitem__(self, key): return self.xs[key]
    def __setitem__(self, key, value): self.xs[key] = value
class History:
    def __init__(self): self.logs = {'loss': [3.0, 1.0]}
    def __getitem__(self, name): return self.logs[name]
class Counted(UserDict):
    def __missing__(self, key): return 0
def images(n=60_000): return Images(n)
def build(): return Vocab(['the', 'cat'])
def zeros(): return Matrix()
def net(): return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
def parts(): return nn.ModuleDict({'a': nn.Linear(2, 1)})
def first_two(): return nn.ModuleList([nn.Linear(1, 1), nn.ReLU()])
train_set, history, noisy, few = Images(), History(), Noisy(), Images(20)
"""
HONEST = {
    "a large dataset": "d = images()\nx, y = d[3]\nassert y == 3 and x.shape == (3, 8, 8)\n"
    "assert len(d) == 60_000 and d[59_999][1] == 9 and d[-1][1] == 9",
    "a large dataset by name": "i = np.random.randint(60_000)\n"
    "assert train_set[i][1] == i % 10 and len(train_set) == 60_000\n"
    "assert train_set[torch.tensor(7)][1] == train_set[np.int64(7)][1] == 7",
    "a dataset that loads lazily": "d = Images(10)\nassert d.loaded == 0\nd[2]\n"
    "assert d.loaded == 1",
    "a small dataset": "assert few[3][1] == 3 and [y for _, y in few][12] == 2\n"
    "try:\n    few[20]\nexcept IndexError:\n    pass\nelse:\n    assert False",
    "a noisy dataset": "assert noisy[3][0].shape == (2,) and noisy[4][1] == 4",
    "a noisy dataset, called": "a, b = (noisy.__getitem__(0)[0] for _ in range(2))\n"
    "assert not torch.equal(a, b)",
    "layers": "m = net()\nassert isinstance(m[0], torch.nn.Linear) and m[-1].out_features == 1\n"
    "assert m[0] is m[0] and len(m[0:2]) == 2 and m[1:][0] is m[1] and len(m) == 3\n"
    "assert [type(one).__name__ for one in m] == ['Linear', 'ReLU', 'Linear']",
    "layers by name": "assert parts()['a'].in_features == 2\n"
    "p = first_two()\nassert isinstance(p[1], torch.nn.ReLU)\n"
    "p[1] = torch.nn.Tanh()\nassert isinstance(p[1], torch.nn.Tanh)",
    "a vocabulary": "v = build()\nassert v['the'] == 0 and v[1] == 'cat' and len(v) == 2",
    "a vocabulary that was made": "v = Vocab(['a', 'b'])\nassert v['b'] == 1 and v[0] == 'a'",
    "an exercise's tensor": "t = Tensor([[1, 2], [3, 4]])\n"
    "assert t[0, 1].data == 2 and (t[np.array([0, 1]), np.array([1, 0])].data == [2, 3]).all()\n"
    "t[np.array([True, False])] = 7\nassert (t.data == [[7, 7], [3, 4]]).all()\n"
    "assert (t[:, 1].data == [7, 4]).all() and t[1][0].data == 3",
    "a matrix": "m = zeros()\nm[0, 1] = 5\nassert m[0, 1] == 5 and m[1, 1] == 0",
    "a record of losses": "assert history['loss'][-1] < history['loss'][0]",
    "a ring": "r = Ring([1, 2, 3])\nassert len(r) == 3 and r[4] == 2 and list(r[i] for i in (3, 4)) == [1, 2]",
    "from one": "c = OneBased([1, 2, 3])\nassert len(c) == 3 and c[3] == 3 and c[1] == 1",
    "a polynomial": "p = Poly(1, 2, 3)\nassert len(p) == 3 and p[7] == 0",
    "by number": "c = Recent()\nc[10] = 'a'\nassert len(c) == 1 and c[10] == 'a'",
    "with a default": "c = Counted()\nassert c['x'] == 0 and list(c.keys()) == []",
}


@pytest.mark.parametrize("test", HONEST.values(), ids=HONEST)
def test_the_course_s_own_objects_are_indexed(test: str) -> None:
    found = marked(COURSE, "import numpy as np, torch\n" + test, COURSE)
    assert found.scores == (1.0,), found.errors


# The staff's notebook returns plain values; a student's returns an object with them.
WRAPPED = """
import re, numpy as np, torch
from collections import UserDict
class Wrapped:
    def __init__(self, xs): self.xs = xs
    def __len__(self): return len(self.xs)
    def __getitem__(self, key): return self.xs[key]
def values(): return Wrapped([5, 6, 7])
def table(): return Wrapped(np.arange(6.0).reshape(3, 2))
def rows(): return Wrapped(torch.arange(6.0).reshape(3, 2))
def encode(): return UserDict(ids=[1, 2])
def find(): return re.match('(a)(b)', 'ab')
"""
TAKEN = {
    "a number": "v = values()\nassert v[0] == 5 and v[-1] == 7 and len(v) == 3",
    "a slice": "assert values()[1:] == [6, 7]",
    "a mask": "assert (values()[np.array([True, False, True])] == [5, 7]).all()",
    "beyond the end": "try:\n    values()[3]\nexcept IndexError:\n    pass\nelse:\n    assert 0",
    "rows and labels": "assert (table()[np.arange(3), np.array([0, 1, 0])] == [0, 3, 4]).all()",
    "a pair": "assert table()[1, 0] == 2 and (table()[:, 1] == [1, 3, 5]).all()",
    "rows of tensors": "assert rows()[range(3), torch.tensor([0, 1, 0])].tolist() == [0, 3, 4]",
    "a key": "assert encode()['ids'] == [1, 2]",
    "a match": "assert find()[2] == 'b'",
}


@pytest.mark.parametrize("test", TAKEN.values(), ids=TAKEN)
def test_other_objects_are_fetched_whole_and_indexed_in_the_test(test: str) -> None:
    found = marked(WRAPPED, "import numpy as np, torch\n" + test)
    assert found.scores == (1.0,), found.errors


# How a class gives an item: as a list does, or wrongly for other indices than 0, 1, 2 …
_GIVES = """
class P:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return self.x == other.x
class Data:
    def __init__(self, v): self.v = v
    def __len__(self): return len(self.v)
    def __getitem__(self, i):
        if isinstance(i, slice): return {sliced}
        return {item}
data = Data([{{'a': n}} for n in range(5)])
objects = Data([P(n) for n in range(5)])
"""
_SLICES = {"object": "Data(self.v[{}])", "list": "self.v[{}]"}
_RIGHT_ITEM = "self.v[int(i)]"
_WRONG_ITEMS = {
    "the first": "self.v[max(int(i), 0)]",
    "plain only": "self.v[i] if type(i) is int and i >= 0 else None",
    "from one": "self.v[int(i) + (i < 0 and i > -5)]",
}
_BY_INDEX = {
    "negative": "assert {data}[-2]{part} == 3",
    "numpy's": "assert {data}[np.int64(-2)]{part} == 3",
    "torch's": "assert {data}[torch.tensor(-2)]{part} == 3",
    "after a loop": "assert len(list({data})) == 5 and {data}[-2]{part} == 3",
    "after an item": "assert {data}[1]{part} == 1 and {data}[-2]{part} == 3",
}
_BY_SLICE = {
    "an item": "assert {data}[1]{part} == 1\ns = {data}[2:]\nassert s[0]{part} == 2",
    "a loop": "assert {data}[1]{part} == 1\nassert [p{part} for p in {data}[2:]] == [2, 3, 4]",
    "later": "s = {data}[2:]\nassert {data}[1]{part} == 1 and s[0]{part} == 2",
    "backwards": "assert {data}[1]{part} == 1 and {data}[::-1][0]{part} == 4",
}


@pytest.mark.parametrize(
    ("data", "part"), [("data", "['a']"), ("objects", ".x")], ids=["values", "objects"]
)
def test_an_item_is_that_which_the_object_gives_for_this_index(
    data: str, part: str
) -> None:
    def score(item: str, sliced: str, test: str) -> float:
        right, notebook = (
            _GIVES.format(item=one, sliced=way)
            for one, way in (
                (_RIGHT_ITEM, sliced.replace("SLICE", "i")),
                (item, sliced.replace("SLICE", "i" if item != _RIGHT_ITEM else cut)),
            )
        )
        (found,) = tried(right, notebook, test.format(data=data, part=part)).scores
        return found

    cut = "i"
    for way in _SLICES.values():
        sliced = way.format("SLICE")
        for test in (*_BY_INDEX.values(), *_BY_SLICE.values()):
            assert score(_RIGHT_ITEM, sliced, test) == 1.0, (way, test)
    for item in _WRONG_ITEMS.values():
        for test in _BY_INDEX.values():
            assert score(item, "self.v[SLICE]", test) == 0.0, (item, test)
    cut = ":len(self.v[i])"
    for way in _SLICES.values():
        for test in _BY_SLICE.values():
            assert score(_RIGHT_ITEM, way.format("SLICE"), test) == 0.0, (way, test)


def test_an_object_that_gives_another_item_each_time_is_read_as_in_a_notebook() -> None:
    notebook = _GIVES.format(
        item="self.v[i]['a'] + __import__('random').random()", sliced="None"
    )
    assert tried(notebook, notebook, "assert 4 <= data[-1] < 5").scores == (1.0,)
