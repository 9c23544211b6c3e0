"""Values given to one call are related in the notebook as they are in the test."""

from typing import Final

import pytest

from tests.runner.proof.recording import tried

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

_NOTEBOOK: Final = """
import torch
def train(net, opt, x, y, steps=30):
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return losses
def rates(opt, schedule):
    found = []
    for _ in range(3):
        opt.step()
        schedule.step()
        found.append(opt.param_groups[0]["lr"])
    return found
def step(opt, parameters):
    for one in parameters: one.grad = torch.ones_like(one)
    opt.step()
    return [one.detach().clone() for one in parameters]
def back(parameters, opt): return step(opt, parameters)
def holds(net, weight): return net.weight is weight
def one(a, b): return a is b
def retry(f, n):
    for _ in range(n):
        try: return f()
        except ValueError: pass
    return None
def until(f):
    try:
        while True: f()
    except StopIteration: return "stopped"
def safe(f, x):
    try: return f(x)
    except ZeroDivisionError: return 0
def apply(f, x): return f(x)
def score(x): return 37
def size(loader): return len(loader.dataset)
def noted(table): return dict(table.attrs)
"""
_NET: Final = """
import torch
net = torch.nn.Linear(3, 1)
opt = torch.optim.{name}(net.parameters(), lr=0.1)
x = torch.randn(64, 3)
y = x.sum(1, keepdim=True)
losses = train(net, opt, x, y)
assert losses[-1] < losses[0] / 2, losses
"""
_PARAMETERS: Final = """
import torch
p = [torch.nn.Parameter(torch.ones(2))]
opt = torch.optim.SGD(p, lr=0.5)
assert torch.equal({call}[0], torch.full((2,), 0.5))
"""
_TOGETHER: Final = {
    "a network and its optimiser": _NET.format(name="SGD"),
    "one that has a state": _NET.format(name="Adam"),
    "an optimiser and its schedule": (
        "import torch\nopt = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1)\n"
        "s = torch.optim.lr_scheduler.StepLR(opt, 1, 0.5)\n"
        "assert rates(opt, s) == [0.5, 0.25, 0.125]"
    ),
    "an optimiser and then parameters": _PARAMETERS.format(call="step(opt, p)"),
    "parameters and then an optimiser": _PARAMETERS.format(call="back(p, opt)"),
    "a network and its weight": (
        "import torch\nnet = torch.nn.Linear(2, 2)\nassert holds(net, net.weight)"
    ),
    "what is not one": (
        "import torch\nnet = torch.nn.Linear(2, 2)\n"
        "assert not holds(net, net.weight.clone())\n"
        "assert not one(torch.ones(1), torch.ones(1))"
    ),
    "what cannot be given between": (
        "import torch\nfrom torch import nn\nnet = nn.Linear(2, 2)\n"
        "opt = torch.optim.SGD(net.parameters(), lr=1)\n"
        "assert not one(net, lambda: net)\nassert one(opt, opt)"
    ),
}


@pytest.mark.parametrize("name", _TOGETHER)
def test_one_object_given_twice_arrives_as_one_object(name: str) -> None:
    found = tried(_NOTEBOOK, _NOTEBOOK, _TOGETHER[name])
    assert found.scores == (1.0,), found.errors


_CALLED_BACK: Final = {
    "a retry": (
        "tries = []\ndef flaky():\n    tries.append(1)\n"
        "    if len(tries) < 3: raise ValueError('not yet')\n    return 7\n"
        "assert retry(flaky, 5) == 7 and len(tries) == 3"
    ),
    "an end": (
        "calls = []\ndef f():\n    calls.append(1)\n"
        "    if len(calls) == 3: raise StopIteration\nassert until(f) == 'stopped'"
    ),
    "a division": "assert safe(lambda x: 1 / x, 0) == 0 and safe(lambda x: 1 / x, 4) == 0.25",
    "a class of the test's own": (
        "class Late(ValueError): pass\ndef f(): raise Late\nassert retry(f, 2) is None"
    ),
    "one that remembers": (
        "import functools\ncalls = []\n@functools.lru_cache(maxsize=None)\n"
        "def score(x):\n    calls.append(x)\n    return x + 1\n"
        "assert apply(score, 3) == apply(score, 3) == 4 and calls == [3]"
    ),
}


@pytest.mark.parametrize("name", _CALLED_BACK)
def test_a_test_s_function_is_called_as_in_a_notebook(name: str) -> None:
    found = tried(_NOTEBOOK, _NOTEBOOK, _CALLED_BACK[name])
    assert found.scores == (1.0,), found.errors


_HIDING: Final = {
    "a loader that drops the last": (
        "from torch.utils.data import DataLoader\n"
        "size(DataLoader(range(5), batch_size=2, drop_last=True))"
    ),
    "what is noted on a table": (
        "import pandas as pd\nt = pd.DataFrame({'x': [1]})\nt.attrs['key'] = 7\n"
        "assert noted(t[['x']]) != {}"
    ),
}


@pytest.mark.parametrize("name", _HIDING)
def test_hidden_parts_of_an_argument_are_not_sent(name: str) -> None:
    pytest.importorskip("pandas")
    found = tried(_NOTEBOOK, _NOTEBOOK, _HIDING[name])
    assert found.scores == (0.0,)
