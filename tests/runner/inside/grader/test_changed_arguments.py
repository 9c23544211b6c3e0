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
        ordered(self.a)
        self.assertEqual(self.a, [3, 1, 2])
result = unittest.main(argv=["x"], exit=False).result
assert result.wasSuccessful()
"""
_PAIR: Final = "xs = [torch.ones(2)]; before = [x.clone() for x in xs]; doubled(xs)\n"
_LOOKS: Final = {
    "list": "a = [3, 1, 2]; assert ordered(a) == [1, 2, 3]; assert a == [3, 1, 2]",
    "tensor": "x = -torch.ones(3); o = x.clone(); relu(x); assert torch.equal(x, o)",
    "a view": "x = -torch.ones(3); o = x.clone(); relu(x[:2]); assert x.equal(o)",
    "made later": "x = -torch.ones(2); relu(x); after = x.tolist(); assert after == [-1, -1]",
    "array": "x = np.array([1., 3.]); o = x.copy(); centred(x); np.testing.assert_equal(x, o)",
    "table": "df = pd.DataFrame({'x': [1]}); o = df.copy(); tagged(df); pd.testing.assert_frame_equal(df, o)",
    "its shape": "df = pd.DataFrame({'x': [1]}); tagged(df); assert df.shape == (1, 1)",
    "dict": "d = {'k': 1}; taken(d); assert 'k' in d",
    "bytearray": "b = bytearray(b'ab'); loud(b); assert b == b'ab'",
    "parts in a comprehension": f"{_PAIR}assert all(torch.equal(p, q) for p, q in zip(xs, before))",
    "parts in a loop": f"{_PAIR}for p, q in zip(xs, before): assert torch.equal(p, q)",
    "a part": "g = {'w': [torch.ones(1)]}; doubled(g['w']); assert g['w'][0] == 1",
    "kept by an object": "a = [1]; b = Bag(a); b.add(2); assert a == [1]",
    "a network": "net = nn.Linear(1, 1); evaluated(net, torch.ones(1, 1)); assert net.training",
    "a helper": "def same(f, x):\n    o = x.clone(); f(x); return torch.equal(x, o)\nassert same(relu, -torch.ones(2))",
    "a branch": "a = [3, 1, 2]; ordered(a)\nif a != [3, 1, 2]: raise AssertionError",
    "unpacked": "args = ([3, 1, 2],); ordered(*args); assert args[0] == [3, 1, 2]",
    "beside an answer": "a = [2, 1]; out = ordered(a); assert out == [1, 2] and a == [2, 1]",
    "in a pair": "a = [2, 1]; out = ordered(a); assert (out, a) == ([1, 2], [2, 1])",
    "a new value": "a = [2, 1]; out = ordered(a); assert out != a",
    "a new tensor": "x = -torch.ones(2); y = relu(x); assert not torch.equal(x, y)",
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
