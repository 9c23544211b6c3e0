"""The second evaluation of an assertion is invisible, and knows what the test restores."""

from typing import Final

import pytest

from runner.inside.grader.changed_arguments import ChangedArgumentError
from runner.protocol.jobs import TestStyle
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_NOTEBOOK: Final = """
import numpy as np, torch
from torch import nn
def ordered(a): a.sort(); return a
def added(g, x): g += x; return g
def evaluated(net, x): net.eval(); return net(x)
def trained(net):
    with torch.no_grad():
        for p in net.parameters(): p.add_(1)
def train(net): trained(net)
def put(b, k): b[k] = 'X'
def undo(b, k): b[k] = ' '
def scaled(batch): batch['x'] = batch['x'] / 2; return batch
def extended(a, v): a.append(v); return a
class Keeps:
    def __init__(self, b): self.b = b
    def fit(self, b): b.sort()
"""
_IMPORTS: Final = "import copy, numpy as np, torch\nfrom torch import nn\n"
_CASE: Final = """
import unittest
class Base(unittest.TestCase):
    def want(self): return [1, 2]
class Works(Base):
    def want(self): return [0]
    def test_it(self):
        a = [2, 1]; out = ordered(a)
        self.assertEqual({})
assert unittest.main(argv=["x"], exit=False).result.wasSuccessful()
"""
_PASSES: Final = {
    "a helper that counts by global": "n = 0\ndef ok(c):\n    global n\n    n += 1\n    return c\na = [2, 1]; out = ordered(a)\nassert ok(out == [1, 2])\nassert n == 1",
    "a helper that keeps a record": "done = []\ndef ok(c): done.append(1); return c\na = [2, 1]; out = ordered(a)\nassert ok(out == [1, 2])\nassert len(done) == 1",
    "a helper of a helper": "done = {}\ndef note(): done[len(done)] = 1\ndef ok(c): note(); return c\na = [2, 1]; out = ordered(a)\nassert ok(out == [1, 2])\nassert len(done) == 1",
    "an object that counts": "class Points:\n    def __init__(self): self.n = 0\n    def ok(self, c): self.n += 1; return c\np = Points(); a = [2, 1]; out = ordered(a)\nassert p.ok(out == [1, 2])\nassert p.n == 1",
    "an object that is given": "class Points: n = 0\ndef ok(p, c): p.n += 1; return c\np = Points(); a = [2, 1]; out = ordered(a)\nassert ok(p, out == [1, 2])\nassert p.n == 1",
    "super()": _CASE.format("out, super().want()"),
    "locals()": _CASE.format("locals()['out'], [1, 2]"),
    "eval": _CASE.format("eval('out'), [1, 2]"),
    "train()": "net = nn.Sequential(nn.Dropout(.5)); x = torch.ones(1, 99); evaluated(net, x)\nnet.train()\nassert net.training\nassert not torch.equal(net(x), net(x))",
    "load_state_dict": "net = nn.Linear(1, 1); s = copy.deepcopy(net.state_dict()); y = net(torch.ones(1, 1)); trained(net)\nnet.load_state_dict(s)\nassert torch.equal(net(torch.ones(1, 1)), y)",
    "copy_": "w = torch.ones(3); s = w.clone(); added(w, 1)\nw.copy_(s)\nassert torch.equal(w, s)",
    "zero_": "g = torch.zeros(3); added(g, 1)\ng.zero_()\nassert g.sum() == 0",
    "nn.init": "g = torch.zeros(3); added(g, 1)\nnn.init.zeros_(g)\nassert g.sum() == 0",
    "fill": "g = np.zeros(3); added(g, 1)\ng.fill(0)\nassert g.sum() == 0",
    "np.copyto": "g = np.zeros(3); added(g, 1)\nnp.copyto(g, np.zeros(3))\nassert g.sum() == 0",
    "clear": "a = []; extended(a, 1)\na.clear()\nassert not a",
    "a part that was replaced": "batch = {'x': np.ones(2)}; scaled(batch)\nbatch['x'][0] = 0\nassert batch['x'][0] == 0",
    "undone by the notebook": "b = [' ']; c = list(b); put(b, 0); undo(b, 0); assert b == c",
    "its own NaN": "d = [float('nan'), 2]; c = list(d); out = extended(d, 3)\nassert d[:2] == c",
    "its own tuple": "s = (1, (2, 3)); d = [s]; extended(d, 3)\nassert d[0] is s",
    "its own NaN in a tuple": "s = (1, float('nan')); d = [s]; extended(d, 3)\nassert d[0] == s",
}
_FAILS: Final = {
    "a helper that changes nothing": "def ok(c): n = []; n.append(c); return n[0]\na = [2, 1]; ordered(a); assert ok(a == [2, 1])",
    "weights after train()": "net = nn.Linear(1, 1); w = net.weight.detach().clone(); trained(net)\nnet.train()\nassert torch.equal(net.weight, w)",
    "changed by a function named as a method": "net = nn.Linear(1, 1); w = net.weight.detach().clone(); train(net)\nassert torch.equal(net.weight, w)",
    "changed by a method": "b = [2, 1]; Keeps(0).fit(b); assert b == [2, 1]",
    "kept after the change": "b = [' ']; put(b, 0); Keeps(b); assert b == [' ']",
    "given for an answer": "b = [2, 1]; ordered(b); out = extended(list(b), 1); n = len(out); assert b == [2, 1]",
    "another NaN": "d = [float('nan')]; c = list(d); added(d, [1.]); assert d == c",
    "vars of an object": "a = [2, 1]; ordered(a); assert vars(type('C', (), {})()) == {} and a == [2, 1]",
}


def _scored(tests: str) -> tuple[float, BaseException | None]:
    found = tried(_NOTEBOOK, _NOTEBOOK, _IMPORTS + tests, TestStyle.SCRIPT)
    return found.scores[0], found.errors[0]


@pytest.mark.parametrize("name", _PASSES)
def test_work_in_place_passes_as_in_a_notebook(name: str) -> None:
    assert _scored(_PASSES[name]) == (1, None)


@pytest.mark.parametrize("name", _FAILS)
def test_a_look_is_still_refused(name: str) -> None:
    score, error = _scored(_FAILS[name])
    assert score == 0
    assert isinstance(error, ChangedArgumentError)


def test_a_call_that_asks_for_an_answer_restores_nothing() -> None:
    tests = "b = [' ']; put(b, 0); x = Keeps(b).b; assert x == [' ']\nassert b == [' ']"
    assert isinstance(_scored(tests)[1], ChangedArgumentError)
