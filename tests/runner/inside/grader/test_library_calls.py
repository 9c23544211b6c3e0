"""A library that a test calls does not call an object that the student gave as a value.

Many functions of libraries accept a value or a function, and call a callable with
everything that they have.
"""

from typing import Final

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import TestStyle
from tests.runner.notebooks import all_scores, marked
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_RIGHT: Final = """
import torch
def predict(x): return (x.x1 * x.x2 > 0).astype(int)
def find(x): return x.x1 * x.x2 > 0
def places(x): return [i for i, one in enumerate(x.x1 * x.x2 > 0) if one]
def square(v): return v * v
def names(): return {0: "no", 1: "yes"}
def make(): return square
def metric(): return "euclidean"
def pair(batch): return len(batch)
class Double:
    def __call__(self, v): return 2 * v
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)
    def forward(self, x): return self.layer(x)
"""
# An object that is called here would be given the table with its labels.
_CALLED: Final = (
    _RIGHT
    + """
class Labels:
    def __call__(self, table, *_): return table["y"] if table.ndim > 1 else table == 1
def predict(x): return Labels()
find = predict
class Places:
    def __call__(self, column): return [i for i, one in enumerate(column) if one]
def places(x): return Places()
class Names:
    def __call__(self, one): return ["no", "yes"][one]
def names(): return Names()
def metric(): return lambda a, b: abs(a - b).sum()
"""
)
_ITSELF: Final = (
    _RIGHT
    + """
class Labels:
    def __call__(self, table):
        if "y" not in getattr(table, "columns", "y"): return self
        return table["y"] if table.ndim > 1 else table == 1
predict = find = Labels()
"""
)
_TABLE: Final = """
import numpy as np, pandas as pd
x = np.random.randn(50, 2)
y = (x[:, 0] * x[:, 1] > 0).astype(int)
test = pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "y": y})
seen = test[["x1", "x2"]]
"""
_VALUES: Final = {
    "a column": "found = test.assign(p=predict(seen))\nassert (found.p == found.y).all()",
    "a mask": "assert test.y[find(seen)].sum() == len(test.y[find(seen)]) == y.sum()",
    "rows": "assert len(test.loc[find(seen), 'y']) == test.loc[find(seen), 'y'].sum() == y.sum()",
    "where": "assert test.y.where(find(seen)).notna().sum() == y.sum()",
    "places": "assert test.y.iloc[places(seen)].all() and len(test.y.iloc[places(seen)])",
    "a metric": (
        "from scipy.spatial.distance import cdist\n"
        "assert (cdist(x, x, metric=metric()).argsort(1)[:, 0] == range(50)).all()"
    ),
    "names": "assert (test.y.map(names()) == np.where(y, 'yes', 'no')).all()",
}
# Functions that libraries are meant to call.
_FUNCTIONS: Final = {
    "apply": "assert (test.x1.apply(square) == test.x1 ** 2).all()",
    "map": "assert (test.x1.map(square) == test.x1 ** 2).all()",
    "vectorize": "assert np.allclose(np.vectorize(square)(x), x ** 2)",
    "a made one": "assert (test.x1.map(Double()) == 2 * test.x1).all()",
    "a lambda": "f = make()\nassert (test.x1.map(lambda v: f(v)) == test.x1 ** 2).all()",
    "scipy": (
        "from scipy.integrate import quad\n"
        "assert abs(quad(make(), 0, 1)[0] - 1 / 3) < 1e-9"
    ),
    "Python itself": "assert list(map(make(), [1, 2])) == [1, 4]",
    "torch": (
        "import torch\nfrom torch.utils.data import DataLoader\n"
        "assert list(DataLoader(range(5), batch_size=2, collate_fn=pair)) == [2, 2, 1]"
    ),
    "a network": "import torch\nassert torch.nn.Sequential(Net())(torch.zeros(3, 2)).shape == (3, 2)",
}


def scored(notebook: str, tests: str, style: TestStyle = TestStyle.SCRIPT) -> float:
    """Return the score of the test, where the staff's notebook is `_RIGHT`."""
    (score,) = tried(_RIGHT, notebook, tests, style).scores
    return score


@pytest.mark.parametrize("name", _VALUES)
def test_a_callable_answer_posing_as_a_value_is_not_called(name: str) -> None:
    pytest.importorskip("pandas")
    assert scored(_RIGHT, _TABLE + _VALUES[name]) == 1
    assert scored(_CALLED, _TABLE + _VALUES[name]) == 0


@pytest.mark.parametrize("name", ["a column", "a mask", "rows", "where"])
def test_a_function_that_returns_itself_is_not_called(name: str) -> None:
    pytest.importorskip("pandas")
    assert scored(_ITSELF, _TABLE + _VALUES[name]) == 0


def test_a_callable_under_the_name_of_a_value_is_not_called() -> None:
    pytest.importorskip("pandas")
    test = _TABLE + "assert (test.assign(p=known).p == y).all()"
    evil = "class Labels:\n    def __call__(self, table): return table['y']\nknown = Labels()"
    assert tried("known = 1", evil, test).scores == (0.0,)


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_a_library_calls_functions(name: str) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("scipy")
    assert scored(_RIGHT, _TABLE + _FUNCTIONS[name]) == 1


# What torch asks of each module, passing on what it has collected so far.
_ASKED: Final = {
    "weights": "told = net.state_dict()\nassert len(told) == 4",
    "parameters": "assert len(list(net.parameters())) == 4",
    "an optimiser": "optimiser = torch.optim.SGD(net.parameters(), lr=1)",
    "modules": "assert len(list(net.modules())) == 4",
    "names": "assert '1.layer' in dict(net.named_modules())",
    "zeros": "net.zero_grad()",
}


@pytest.mark.parametrize("name", _ASKED)
def test_a_module_is_told_nothing_of_its_neighbours(name: str) -> None:
    curious = (
        _RIGHT
        + """
told = []
for name in ("named_modules", "state_dict"):
    def asked(self, *given, _plain=getattr(Net, name), **named):
        told.extend([*given, *named.values()])
        return _plain(self, *given, **named)
    setattr(Net, name, asked)
def heard(): return [type(one).__name__ for one in told if type(one) not in (str, bool)]
"""
    )
    test = f"import torch\nnet = torch.nn.Sequential(torch.nn.Linear(2, 2), Net())\n{_ASKED[name]}"
    assert scored(_RIGHT, test) == 1
    assert scored(curious, f"{test}\nassert heard() == []") == 1


def test_a_module_is_not_given_its_neighbours_weights() -> None:
    test = "import torch\nboth = torch.nn.Sequential(torch.nn.Linear(2, 2), Net())\n"
    assert scored(_RIGHT, f"{test}assert both(torch.zeros(3, 2)).shape == (3, 2)") == 1
    assert scored(_RIGHT, f"{test}both.load_state_dict(both.state_dict())") == 0


def test_an_instance_that_should_not_be_callable_is_not_called() -> None:
    pytest.importorskip("pandas")
    called = "class Column:\n    def __call__(self, table): return table['y']\n"
    test = f"{_TABLE}assert (test.assign(p=Column()).p == y).all()"
    assert tried("class Column(list): pass", called, test).scores == (0.0,)


_SWAPPED: Final = """
import torch
def swapped(net, x):
    zeros = {name: torch.zeros_like(one) for name, one in net.named_parameters()}
    return torch.func.functional_call(net, zeros, x)
"""


def test_no_weights_are_put_into_a_student_s_module_for_one_call(
    runner: Runner,
) -> None:
    """They would stay in the test, and the module would answer with its own."""
    checks = (
        "assert swapped(Net(), torch.ones(1, 2)).any()",
        "both = torch.nn.Sequential(Net())\nassert swapped(both, torch.ones(1, 2)).any()",
        "own = torch.nn.Linear(2, 2)\nassert not swapped(own, torch.ones(1, 2)).any()",
    )
    tests = [_SWAPPED + one for one in checks]
    result = marked(runner, _RIGHT, *tests, defined_classes=("Net",))
    assert all_scores(result) == [0.0, 0.0, 1.0]
    assert "functional_call" in result.questions[0].checks[0].trace


def test_no_formula_is_looked_up_by_the_class_of_a_stand_in(runner: Runner) -> None:
    """torch would say that two normal distributions have no divergence."""
    notebook = (
        "import torch\nfrom torch.distributions import Normal, kl_divergence\n"
        "def encode(x): return Normal(x, torch.ones_like(x))\n"
        "def divergence(x): return kl_divergence(encode(x), Normal(0., 1.))"
    )
    start = "from torch.distributions import Normal, kl_divergence\nd = encode(torch.ones(2))\n"
    tests = (
        "kl_divergence(d, Normal(0., 1.))",
        "try: kl_divergence(Normal(0., 1.), d)\nexcept Exception: pass",
        "assert (kl_divergence(Normal(d.loc, d.scale), Normal(0., 1.)) == 0.5).all()",
        "assert (divergence(torch.ones(2)) == 0.5).all()",
    )
    result = marked(
        runner, notebook, *("import torch\n" + start + one for one in tests)
    )
    assert all_scores(result) == [0.0, 0.0, 1.0, 1.0]
    assert "kl_divergence takes no" in result.questions[0].checks[0].trace
