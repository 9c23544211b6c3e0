"""The notebook's code differentiates through a function of a test's, as in a notebook."""

from typing import Final

import pytest

from runner.inside.grader import refusals
from runner.inside.grader.exports import Exports
from runner.inside.grader.given_derivatives import GivenDerivatives
from runner.inside.grader.given_functions import ExpiredCallbackError
from runner.inside.values import graphs
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_NOTEBOOK: Final = """
import torch
net = torch.nn.Linear(2, 1)
def weights(): return [p.detach().clone() for p in net.parameters()]
def evaluate(loss, x, y):
    with torch.no_grad(): return loss(net(x), y).item()
def train(loss, x, y):
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(100):
        optimiser.zero_grad()
        loss(net(x), y).backward()
        optimiser.step()
def minimise(f, start):
    x = torch.tensor(start, requires_grad=True)
    for _ in range(100):
        f(x).backward()
        with torch.no_grad(): x -= 0.1 * x.grad
        x.grad.zero_()
    return x.item()
def second(f, at):
    x = torch.tensor(at, requires_grad=True)
    first, = torch.autograd.grad(f(x), x, create_graph=True)
    return torch.autograd.grad(first, x)[0].item()
def jacobian(f, x): return torch.autograd.functional.jacobian(f, x)
def hessian(f, x): return torch.autograd.functional.hessian(f, x)
def checked(f, x): return torch.autograd.gradcheck(f, x)
def two(f, a, b):
    p, q = f(a * 2, b=b * 3)
    return torch.autograd.grad(p.sum() + 2 * q.sum(), (a, b), allow_unused=True)
def numbers(f, x):
    x = x.clone().requires_grad_()
    with torch.no_grad(): return f(x).numpy().tolist()
def gradient(f, x):
    x = x.clone().requires_grad_()
    kept.append(f(x * 2))
    kept[-1].sum().backward()
    return x.grad
kept = []
def later(): kept[-1].sum().backward()
def retained(f):
    h = torch.ones(2, requires_grad=True) * 2
    h.retain_grad()
    f(h).sum().backward()
    return h.grad
def chain(f, n):
    x = h = torch.ones(1, requires_grad=True)
    for _ in range(n): h = f(h)
    h.sum().backward()
    return x.grad.item()
"""
_WRONG: Final = """
def evaluate(loss, x, y):
    found = loss(net(x), y)
    found.backward()
    torch.optim.SGD(net.parameters(), lr=0.1).step()
    return found.item()
"""
_AS_IN_A_NOTEBOOK: Final = {
    "a loss": "x = torch.randn(20, 2)\ny = x @ torch.tensor([[1.], [2.]])\n"
    "train(lambda p, y: ((p - y) ** 2).mean(), x, y)\n"
    "assert evaluate(lambda p, y: ((p - y) ** 2).mean(), x, y) < 0.1",
    "descent": "assert abs(minimise(lambda x: (x - 3) ** 2, 0.0) - 3) < 0.01",
    "a second derivative": "assert abs(second(lambda x: x ** 3, 2.0) - 12) < 1e-4",
    "functions of torch": "x = torch.tensor([1., 2.])\n"
    "assert torch.allclose(jacobian(lambda x: x ** 2, x), torch.diag(2 * x))\n"
    "assert torch.allclose(hessian(lambda x: (x ** 3).sum(), x), torch.diag(6 * x))\n"
    "assert checked(torch.sin, x.double().requires_grad_())\n"
    "assert checked(lambda x: x.sin(), x.double().requires_grad_())",
    "two arguments and results": "x = torch.ones(2, requires_grad=True)\n"
    "a, b = two(lambda a, b: (a * b, {'x': b}['x']), x, x.detach().requires_grad_())\n"
    "assert a.tolist() == [6., 6.] and b.tolist() == [12., 12.]\n"
    "a, b = two(lambda a, b: (a, a), x, x.detach().requires_grad_())\n"
    "assert a.tolist() == [6., 6.] and b is None",
    "no gradients": "assert numbers(lambda x: x * 2, torch.ones(2)) == [2., 2.]",
    "the argument itself": "assert gradient(lambda x: x, torch.ones(2)).tolist() == [2, 2]",
    "in place": "assert gradient(lambda x: x.mul_(3), torch.ones(2)).tolist() == [6, 6]",
    "a part of a graph": "assert retained(lambda x: x * 3).tolist() == [3., 3.]",
    "a tensor of the test's own": "w = torch.ones(2, requires_grad=True)\n"
    "assert gradient(lambda x: x * w, torch.ones(2)).tolist() == [2., 2.]",
    "many calls": "calls = []\ndef f(h):\n    calls.append(1)\n    return h * 1.0\n"
    "assert chain(f, 300) == 1.0 and len(calls) == 300",
}


@pytest.mark.parametrize("name", _AS_IN_A_NOTEBOOK)
def test_a_derivative_of_a_test_s_function(name: str) -> None:
    test = f"import torch\n{_AS_IN_A_NOTEBOOK[name]}"
    found = tried(_NOTEBOOK, _NOTEBOOK, test)
    assert found.scores == (1.0,), found.errors


def test_training_by_a_test_s_loss_is_seen() -> None:
    test = (
        "import torch\nbefore = weights()\n"
        "evaluate(lambda p, y: ((p - y) ** 2).mean(), torch.ones(4, 2), torch.ones(4, 1))\n"
        "assert all(torch.equal(a, b) for a, b in zip(before, weights()))"
    )
    assert tried(_NOTEBOOK, _NOTEBOOK, test).scores == (1.0,)
    assert tried(_NOTEBOOK, _NOTEBOOK + _WRONG, test).scores == (0.0,)


@pytest.mark.parametrize(
    "test",
    [
        # The graph of an earlier answer is in the other process.
        "t = net(torch.ones(2))\ngradient(lambda x: x.sum() * t, torch.ones(1))",
        # The function is gone.
        "gradient(lambda x: x, torch.ones(2))\nlater()",
    ],
)
def test_a_derivative_that_is_not_here_is_refused(
    test: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As the grader's process does.
    monkeypatch.setattr(graphs, "on_lost_graph", [refusals.note])
    caught = "import torch\ntry:\n    {}\nexcept Exception: pass".format(
        test.replace("\n", "\n    ")
    )
    found = tried(_NOTEBOOK, _NOTEBOOK, caught)
    assert found.scores == (0.0,)


def test_nothing_is_kept_once_the_call_has_ended() -> None:
    exports = Exports()
    with exports.lifetime():
        kept = exports.derivatives.keep({}, [object()])  # type: ignore[list-item]  # any
    with pytest.raises(ExpiredCallbackError):
        exports.derivatives.derive([kept["graph"], 0], [], {}, again=False)


@pytest.mark.parametrize("what", [None, 3, [7, 0], ["0", 0], [True, 0], [0]])
def test_an_unknown_computation_is_refused(what: object) -> None:
    with pytest.raises(ExpiredCallbackError):
        GivenDerivatives().derive(what, [], {}, again=False)


def test_what_the_notebook_has_forgotten_is_forgotten() -> None:
    derivatives = GivenDerivatives()
    kept = derivatives.keep({}, [object()])  # type: ignore[list-item]  # any
    for numbers in (None, 3, ["0"], [True], [kept["graph"]]):
        derivatives.forget(numbers)
    with pytest.raises(ExpiredCallbackError):
        derivatives.derive([kept["graph"], 0], [], {}, again=False)
