"""A test that looks at what it has given: the copy must not have changed."""

from typing import Final

import pytest

from runner.inside.grader.changed_arguments import ChangedArgumentError
from runner.protocol.jobs import TestStyle
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_IMPORTS: Final = (
    "import copy, numpy as np, torch, pandas as pd\nfrom torch import nn\n"
)
_HONEST: Final = f"""{_IMPORTS}
def ordered(a): return sorted(a)
def relu(x): return torch.clamp(x, min=0)
def doubled(xs): return [x * 2 for x in xs]
def taken(d): return d["k"]
def centred(x): return x - x.mean()
def tagged(df): return df.assign(y=1)
def loud(b): return b.upper()
def evaluated(net, x): return net(x)
def stepped(net, x):
    net(x).sum().backward()
    torch.optim.SGD(net.parameters(), 0.1).step()
class Steps:
    def __init__(self, params): self.params = params
    def step(self): self.params[0].sub_(1)
def slope(x):
    x = x.detach().clone().requires_grad_()
    (x ** 2).sum().backward()
    return x.grad
class Bag:
    def __init__(self, items): self.items = list(items)
    def add(self, x): self.items.append(x)
"""
_IN_PLACE: Final = f"""{_IMPORTS}
def ordered(a): a.sort(); return a
def relu(x): x[x < 0] = 0; return x
def doubled(xs):
    for i in range(len(xs)): xs[i] = xs[i] * 2
    return xs
def taken(d): return d.pop("k")
def centred(x): x -= x.mean(); return x
def tagged(df): df["y"] = 1; return df
def loud(b): b[:] = b.upper(); return b
def evaluated(net, x): net.eval(); return net(x)
def stepped(net, x):
    net(x).sum().backward()
    torch.optim.SGD(net.parameters(), 0.1).step()
def slope(x): x.requires_grad_(); (x ** 2).sum().backward(); return x.grad
class Steps:
    def __init__(self, params): self.params = params
    def step(self): self.params[0].sub_(1)
class Bag:
    def __init__(self, items): self.items = items
    def add(self, x): self.items.append(x)
"""
_CASE: Final = """
import unittest
class Works(unittest.TestCase):
    def setUp(self): self.a = [3, 1, 2]; self.out = ordered([2, 1])
    def test_it(self):
        self.assertEqual(ordered(self.a), [1, 2, 3])
        self.assertEqual(self.a, [3, 1, 2])
result = unittest.main(argv=["x"], exit=False).result
assert result.wasSuccessful()
"""
_PAIR: Final = "xs = [torch.ones(2)]; before = [x.clone() for x in xs]; doubled(xs)\n"
_LOOKS: Final = {
    "list": "a = [3, 1, 2]; assert ordered(a) == [1, 2, 3]; assert a == [3, 1, 2]",
    "tensor": "x = -torch.ones(3); o = x.clone(); relu(x); assert torch.equal(x, o)",
    "array": "x = np.array([1., 3.]); o = x.copy(); centred(x); np.testing.assert_equal(x, o)",
    "table": "df = pd.DataFrame({'x': [1]}); o = df.copy(); tagged(df); pd.testing.assert_frame_equal(df, o)",
    "its shape": "df = pd.DataFrame({'x': [1]}); tagged(df); assert df.shape == (1, 1)",
    "dict": "d = {'k': 1}; taken(d); assert 'k' in d",
    "bytearray": "b = bytearray(b'ab'); loud(b); assert b == b'ab'",
    "parts in a comprehension": f"{_PAIR}assert all(torch.equal(p, q) for p, q in zip(xs, before))",
    "kept by an object": "a = [1]; b = Bag(a); b.add(2); assert a == [1]",
    "a network": "net = nn.Linear(1, 1); evaluated(net, torch.ones(1, 1)); assert net.training",
    "unpacked": "args = ([3, 1, 2],); ordered(*args); assert args[0] == [3, 1, 2]",
    "an answer first": "x = -torch.ones(3); b = x.clone(); o = relu(x); assert torch.equal(o, b.clamp(min=0)); assert torch.equal(x, b)",
    "an array first": "x = np.array([1., 3.]); b = x.copy(); o = centred(x); assert np.allclose(o, b - b.mean()); assert np.array_equal(x, b)",
    "by numpy.testing": "x = np.array([1., 3.]); b = x.copy(); np.testing.assert_allclose(centred(x), b - b.mean()); np.testing.assert_allclose(x, b)",
    "by torch.testing": "x = -torch.ones(3); b = x.clone(); torch.testing.assert_close(relu(x), b.clamp(min=0)); torch.testing.assert_close(x, b)",
    "a table first": "df = pd.DataFrame({'x': [1]}); b = df.copy(); o = tagged(df); pd.testing.assert_frame_equal(o, b.assign(y=1)); assert df.equals(b)",
    "stacked answers": "xs = [-torch.ones(2)]; b = xs[0].clone(); o = torch.stack(doubled(xs)); assert torch.equal(o, torch.stack([b * 2])); assert torch.equal(xs[0], b)",
    "a function": "def check(f):\n    x = -torch.ones(2); b = x.clone(); f(x)\n    assert torch.equal(x, b)\ncheck(relu)",
    "each round": "for n in (1, 2):\n    x = -torch.ones(n); b = x.clone(); relu(x); assert torch.equal(x, b)",
    "by an earlier name": "x = -torch.ones(2); same = x; relu(x); assert same[0] == -1",
    "in a list": "x = -torch.ones(2); b = x.clone(); doubled([x, x]); relu(x); assert x.equal(b)",
    "an own helper": "def same(p, q): return torch.equal(p, q)\nx = -torch.ones(2); b = x.clone(); relu(x); assert same(x, b)",
    "caught": "a = [2, 1]; ordered(a)\ntry: assert a == [2, 1]\nexcept Exception: pass",
    "a case": _CASE,
}
_SAFE: Final = {
    "an answer": "x = -torch.ones(3); out = relu(x); assert torch.equal(out, x.clamp(min=0))",
    "expected later": "a = [2, 1]; out = ordered(a); want = sorted(a); assert out == want",
    "in a loop": "for x, y in [(np.ones(2), 0.)]: assert abs(centred(x) - y).max() < 1",
    "kept answers": (
        "xs = [-torch.ones(2)]; outs = [relu(x) for x in xs]\n"
        "for x, out in zip(xs, outs): assert torch.equal(out, x.clamp(min=0))"
    ),
    "made with numpy": "x = np.array([1., 3.]); out = centred(x); want = np.where(x > 0, x, 0) - x.mean(); assert np.allclose(out, want)",
    "a mask": "x = torch.randn(9); out = relu(x); mask = x > 0; assert torch.equal(out[mask], x[mask]); assert (out[~mask] == 0).all()",
    "a loop with if": "x = torch.randn(9); out = relu(x)\nfor a, b in zip(x, out):\n    if a > 0: assert b == a\n    else: assert b == 0",
    "a loop by number": "x = torch.randn(9); out = relu(x)\nfor i in range(9):\n    if x[i] > 0: assert out[i] == x[i]",
    "a ternary": "x = torch.randn(9); out = relu(x); want = [v if v > 0 else 0 for v in x]; assert torch.equal(out, torch.tensor(want))",
    "times a mask": "x = torch.randn(9); out = relu(x); assert torch.equal(out, x * (x > 0))",
    "where": "x = torch.randn(9); out = relu(x); assert torch.equal(out, torch.where(x > 0, x, torch.zeros(9)))",
    "a selection": "x = torch.randn(9); out = relu(x); assert (out[x < 0] == 0).all() and (out[x >= 0] == x[x >= 0]).all()",
    "a number": "x = torch.randn(9); out = relu(x); n = int((x > 0).sum()); assert int((out > 0).sum()) == n",
    "finite": "x = np.array([1., 3.]); out = centred(x); assert np.isfinite(out).all(); assert np.allclose(out.sum(), 0)",
    "the order": "a = [3, 1, 2]; b = ordered(a); assert sorted(a) == sorted(b); assert len(b) == 3",
    "an answer put in": "x = torch.randn(9); out = relu(x); x[0] = out[0]; assert x[0] >= 0",
    "an answer copied": "x = np.array([1., 3.]); out = centred(x); np.copyto(x, out); assert x.sum() == 0",
    "kept by the test": "seen = []; a = [3, 1, 2]; seen.append(ordered(a)); assert seen == [sorted(a)]",
    "kept by a helper": "seen = []\ndef run(a): seen.append(ordered(a))\na = [3, 1, 2]; ordered(a); run(a); assert seen == [sorted(a)]",
    "what is printed": "import io, contextlib\nt = io.StringIO(); a = [3, 1, 2]\nwith contextlib.redirect_stdout(t): ordered(a)\nassert t.getvalue() != str(a)",
    "a file": "import os\na = [3, 1, 2]; ordered(a); assert a != [] or open(os.devnull).read() == str(a)",
    "an answer given": "a = ordered([2, 1]); ordered(a); assert a == [1, 2]",
    "one of two branches": "a = [2, 1]\nif a: a = ordered(a)\nelse: a = [1]\nordered(a); assert a == [1, 2]",
    "of an earlier round": "a = [2, 1]\nfor _ in range(2):\n    ordered(a); want = a\n    assert want == a\n    a = ordered(a)",
    "a helper": "def same(out, x): assert out == sorted(x)\na = [2, 1]; same(ordered(a), a)",
    "the shape": "x = -torch.ones(3, 2); y = relu(x); assert y.shape == x.shape and x.ndim == 2",
    "bound anew": "a = [2, 1]; ordered(a); a = [2, 1]; assert a == [2, 1]",
    "another value": "a = [2, 1]; ordered(a); b = [1]; ordered(b); assert b == [1]",
    "no change": "a = [1, 2]; ordered(a); assert a == [1, 2]",
    "the mode": "net = nn.Linear(1, 1); stepped(net, torch.ones(1, 1)); assert net.training",
    "what an object keeps": "w = torch.ones(2); s = Steps([w]); s.step(); assert not torch.equal(s.params[0], w)",
    "a gradient": "x = torch.ones(2); slope(x); assert torch.equal(x, torch.ones(2))",
}


def _scored(
    tests: str, notebook: str, style: TestStyle = TestStyle.SCRIPT
) -> tuple[float, BaseException | None]:
    found = tried(_HONEST, notebook, tests, style)
    return found.scores[0], found.errors[0]


@pytest.mark.parametrize("name", _LOOKS)
def test_a_look_at_a_changed_argument_is_refused(name: str) -> None:
    assert _scored(_IMPORTS + _LOOKS[name], _HONEST)[0] == 1
    score, error = _scored(_IMPORTS + _LOOKS[name], _IN_PLACE)
    assert score == 0
    if name != "a case":  # unittest keeps the error
        assert isinstance(error, ChangedArgumentError)


@pytest.mark.parametrize("name", _SAFE)
def test_a_comparison_with_an_answer_is_no_look(name: str) -> None:
    for notebook in (_HONEST, _IN_PLACE):
        assert _scored(_IMPORTS + _SAFE[name], notebook)[0] == 1


def test_a_doctest_looks_at_the_value_that_it_shows() -> None:
    for shown in (">>> a\n[3, 1, 2]", ">>> print(a)\n[3, 1, 2]", ">>> a[0]\n3"):
        test = f">>> a = [3, 1, 2]\n>>> ordered(a)\n[1, 2, 3]\n{shown}\n"
        assert _scored(test, _HONEST, TestStyle.DOCTEST)[0] == 1
        assert _scored(test, _IN_PLACE, TestStyle.DOCTEST)[0] == 0


def test_a_check_is_told_of_the_arguments_that_it_looks_at() -> None:
    check = "def {}(ordered):\n    a = [3, 1, 2]\n    out = ordered(a)\n    assert {}\n"
    looks = check.format("check", "a == [3, 1, 2]")
    compares = check.format("check", "out == sorted(a)")
    assert _scored(looks, _HONEST, TestStyle.FUNCTIONS)[0] == 1
    assert _scored(looks, _IN_PLACE, TestStyle.FUNCTIONS)[0] == 0
    assert _scored(compares, _IN_PLACE, TestStyle.FUNCTIONS)[0] == 1


def test_the_message_says_what_happened_and_what_to_do() -> None:
    _, error = _scored(_IMPORTS + _LOOKS["list"], _IN_PLACE)
    assert str(error).startswith("The notebook's code has changed 'a', which the test")
    assert "compare what the function returns" in str(error)
