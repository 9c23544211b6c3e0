"""Changes of given values that are hard to follow: content unknown, many, or late."""

from typing import Any, Final

import pytest

from runner.inside.grader.changed_arguments import ChangedArgumentError
from runner.inside.student.given_arguments import GivenArguments
from runner.protocol.jobs import TestStyle
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_IMPORTS: Final = (
    "import copy, numpy as np, pandas as pd, torch\nfrom torch import nn\n"
    "from collections import OrderedDict\n"
)
# Each: honest work, work in place, and a test that looks at its own value.
_UNKNOWN: Final = {
    "a column of intervals": (
        "def counts(df): return len(df.assign(bin=pd.cut(df['age'], 3)))",
        "def counts(df): df['bin'] = pd.cut(df['age'], 3); return len(df)",
        (
            "df = pd.DataFrame({'age': [10, 60]}); assert counts(df) == 2\n"
            "assert list(df.columns) == ['age']"
        ),
    ),
    "a column with NA": (
        "def total(df): return df['a'].astype('Int64').sum()",
        "def total(df): df['a'] = df['a'].astype('Int64'); return df['a'].sum()",
        (
            "df = pd.DataFrame({'a': [1., 2.]}); assert total(df) == 3\n"
            "assert df['a'].dtype == np.float64"
        ),
    ),
    "objects in a column": (
        "class C: pass\ndef size(df): return len(df)",
        "class C: pass\ndef size(df): df['c'] = [C()]; return len(df)",
        "df = pd.DataFrame({'a': [1.]}); assert size(df) == 1\nassert df.shape == (1, 1)",
    ),
    "a layer less": (
        "def count(net): return len(list(net.parameters()))",
        "def count(net): n = len(list(net.parameters())); del net[1]; return n",
        (
            "net = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)); assert count(net) == 4\n"
            "assert len(net) == 2"
        ),
    ),
    "by a helper that reads a name": (
        "def count(net): return len(list(net.parameters()))",
        "def count(net): n = len(list(net.parameters())); del net[1]; return n",
        (
            "net = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))\n"
            "def size(): return len(net)\ncount(net); assert size() == 2"
        ),
    ),
}
_KNOWN: Final = {
    "a new head": (
        "def adapted(net, n): new = copy.deepcopy(net); new[-1] = nn.Linear(2, n); return new",
        "def adapted(net, n): net[-1] = nn.Linear(2, n); return net",
        (
            "net = nn.Sequential(nn.Linear(4, 2), nn.Linear(2, 5))\n"
            "assert adapted(net, 3)(torch.ones(1, 4)).shape == (1, 3)\n"
            "assert net(torch.ones(1, 4)).shape == (1, 5)"
        ),
    ),
    "a hundred rows": (
        "def marked(rows): return [{**r, 'a': 1} for r in rows]",
        "def marked(rows):\n    for r in rows: r['a'] = 1\n    return rows",
        (
            "rows = [{'id': i} for i in range(100)]; out = marked(rows)\n"
            "assert out[99]['a'] == 1\nassert 'a' not in rows[0]"
        ),
    ),
    "many calls later": (
        "def centred(x): return x - x.mean()",
        "def centred(x): x -= x.mean(); return x",
        (
            "x = np.array([1., 5.]); b = x.copy(); centred(x)\n"
            "for n in range(2, 300): centred(np.random.rand(n))\nassert np.array_equal(x, b)"
        ),
    ),
    "an order": (
        "def touched(d): return list(d)",
        "def touched(d): d.move_to_end('a'); return list(d)",
        "d = OrderedDict(a=1, b=2); touched(d); assert list(d) == ['a', 'b']",
    ),
    "an array of Python's": (
        "def top(a): return max(a)",
        "def top(a): a.reverse(); return max(a)",
        "import array\na = array.array('i', [3, 1]); top(a); assert list(a) == [3, 1]",
    ),
    "a view of bytes": (
        "def first(m): return m[0]",
        "def first(m): m[0] = 9; return 1",
        "b = bytearray(b'ab'); m = memoryview(b); first(m); assert m[0] == 97",
    ),
    "a data set": (
        "def mean(ds): return float((ds.tensors[0] / 2).mean())",
        "def mean(ds): x = ds.tensors[0]; x /= 2; return float(x.mean())",
        (
            "from torch.utils.data import TensorDataset\n"
            "x = torch.ones(3); ds = TensorDataset(x); assert mean(ds) == .5\n"
            "assert torch.equal(ds.tensors[0], torch.ones(3))"
        ),
    ),
    "a loader": (
        "def first(loader): return float(next(iter(loader))[0].sum())",
        "def first(loader): loader.dataset.tensors[0].zero_(); return 3.",
        (
            "from torch.utils.data import DataLoader, TensorDataset\n"
            "x = torch.ones(3); loader = DataLoader(TensorDataset(x), batch_size=3)\n"
            "assert first(loader) == 3\nassert x.sum() == 3"
        ),
    ),
}
_BUFFER: Final = """
class Buffer:
    def __init__(self): self.items = []
    def push(self, x): self.items.append(x.copy())
    def halve(self):
        for x in self.items: x /= 2
    def size(self): return len(self.items)
"""
_MODEL: Final = """
class Model:
    def __init__(self, w): self.w = nn.Parameter(w.clone())
    def step(self):
        with torch.no_grad(): self.w -= 1
"""
_ROWS: Final = """
class Rows:
    def __init__(self, x): self.x = x.reshape(len(x), -1).copy()
    def centre(self): self.x -= 1; return self.x
"""
_SCALER: Final = """
class Scaler:
    def fit(self, x): self.x = x.copy(); return self
    def scaled(self): self.x -= 1; return self.x
"""
_MEAN: Final = """
class Mean:
    def __init__(self, net): self.shadow = copy.deepcopy(net.state_dict())
    def update(self):
        for one in self.shadow.values(): one.mul_(.5)
"""
_KEPT: Final = {
    "twenty values": (
        _BUFFER,
        _BUFFER.replace("x.copy()", "x"),
        (
            "b = Buffer(); xs = [np.full(3, 1.) for _ in range(20)]\n"
            "for x in xs: b.push(x)\nb.halve()\nassert b.size() == 20\nassert xs[0][0] == 1"
        ),
    ),
    "300 values": (
        _BUFFER,
        _BUFFER.replace("x.copy()", "x"),
        (
            "b = Buffer(); xs = [np.full(3, 1.) for _ in range(300)]\n"
            "for x in xs: b.push(x)\nb.halve()\nassert xs[0][0] == 1"
        ),
    ),
    "a parameter of it": (
        _MODEL,
        _MODEL.replace(".clone()", ""),
        "w = torch.ones(3); m = Model(w); m.step(); assert torch.equal(w, torch.ones(3))",
    ),
    "a view of a tensor": (
        _ROWS.replace("copy", "clone"),
        _ROWS.replace(".copy()", ""),
        "x = torch.ones(2, 2, 2); r = Rows(x); r.centre(); assert x.sum() == 8",
    ),
    "a view of an array": (
        _ROWS,
        _ROWS.replace(".copy()", ""),
        "x = np.ones((2, 2, 2)); r = Rows(x); r.centre(); assert x.sum() == 8",
    ),
    "20 MB": (
        _SCALER,
        _SCALER.replace(".copy()", ""),
        "x = np.ones((2500, 1000)); s = Scaler().fit(x); s.scaled(); assert x[0, 0] == 1",
    ),
    "a network's state": (
        _MEAN,
        _MEAN.replace("copy.deepcopy(net.state_dict())", "net.state_dict()"),
        (
            "net = nn.Linear(784, 512); b = net.weight.detach().clone()\n"
            "m = Mean(net); m.update(); assert torch.equal(net.weight, b)"
        ),
    ),
}
_ALL: Final = {**_UNKNOWN, **_KNOWN, **_KEPT}


def _scored(
    honest: str, notebook: str, tests: str
) -> tuple[float, BaseException | None]:
    texts = (_IMPORTS + honest, _IMPORTS + notebook, _IMPORTS + tests)
    found = tried(*texts, TestStyle.SCRIPT)
    return found.scores[0], found.errors[0]


@pytest.mark.parametrize("name", _ALL)
def test_a_change_of_a_given_value_is_followed(name: str) -> None:
    honest, in_place, tests = _ALL[name]
    assert _scored(honest, honest, tests) == (1, None)
    score, error = _scored(honest, in_place, tests)
    assert score == 0
    assert isinstance(error, ChangedArgumentError)
    assert ("cannot follow" in str(error)) is (name in _UNKNOWN)


def test_a_change_with_unknown_content_costs_only_what_reads_the_value() -> None:
    honest, in_place, tests = _UNKNOWN["a column of intervals"]
    others = tests.partition("\n")[0] + (
        "\nother = [1, 2]; assert other == [1, 2]\nassert counts(df) == 2"
    )
    assert _scored(honest, in_place, others) == (1, None)


def test_what_is_kept_no_longer_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    place = "runner.inside.student.given_arguments._CHANGED_BYTES"
    monkeypatch.setattr(place, 100)
    honest, in_place, _ = _KNOWN["many calls later"]
    tests = "x = np.ones(99); b = x.copy(); centred(x); assert np.array_equal(x, b)"
    score, error = _scored(honest, in_place, tests)
    assert score == 0
    assert "cannot follow" in str(error)


def test_contents_that_cannot_be_sent_together_are_asked_for_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contents = GivenArguments.contents

    def few(self: GivenArguments, places: list[Any], encoder: Any) -> Any:
        return contents(self, places, encoder) if len(places) <= 30 else None

    monkeypatch.setattr(GivenArguments, "contents", few)
    honest, in_place, tests = _KNOWN["a hundred rows"]
    score, error = _scored(honest, in_place, tests)
    assert score == 0
    assert "cannot follow" not in str(error)


def test_an_assertion_in_a_loop_over_much_is_not_evaluated_again_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runner.inside.grader.value_states._MOST_IN_ALL", 5000)
    honest, in_place, _ = _KNOWN["a hundred rows"]
    tests = (
        "rows = [{'id': i} for i in range(500)]; out = marked(rows)\n"
        "for i in range(500): assert rows[i]['id'] == i\n"
        "assert 'a' not in rows[0]"
    )
    assert _scored(honest, honest, tests) == (1, None)
    assert isinstance(_scored(honest, in_place, tests)[1], ChangedArgumentError)
