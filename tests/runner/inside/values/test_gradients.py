"""A tensor's `grad` crosses with it, or the tensor is refused in words."""

import copy
from collections.abc import Callable
from typing import Any, Final

import pytest
import torch

from runner.host.runner import Runner
from runner.inside.grader import assigned_gradients, callers, refusals
from runner.inside.grader.exports import Exports, Outgoing
from runner.inside.values.codec import CodecError, Encoder, RefusedError
from runner.inside.values.gradients import take_for_operand
from tests.runner.inside.values.test_one_object import cross, sent
from tests.runner.inside.values.test_values import decode, refuse
from tests.runner.notebooks import all_scores, marked
from tests.runner.pairs import student_with

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("error")]

ONES: Final = torch.ones(2)


def trained(*, wants: bool = True) -> Any:
    """Return a leaf in which `backward` has left a gradient."""
    leaf = torch.ones(2, requires_grad=True)
    (3 * leaf).sum().backward()
    return leaf.requires_grad_(wants)


def computed(*, retains: bool) -> Any:
    """Return a tensor that is not a leaf, with a gradient."""
    found = torch.ones(2, requires_grad=True) * 2
    if retains:
        found.retain_grad()
        (3 * found).sum().backward()
    else:
        found.grad = 3 * ONES
    return found


def assigned() -> Any:
    plain = ONES.clone()
    plain.grad = 3 * ONES
    return plain


def network() -> Any:
    net = torch.nn.Linear(2, 1)
    net(ONES).sum().backward()
    return net


HAVING: dict[str, Callable[[], Any]] = {
    "a leaf": trained,
    "one that is frozen": lambda: trained(wants=False),
    "a parameter that is frozen": lambda: torch.nn.Parameter(ONES, False),  # noqa: FBT003
    "one that wants none": assigned,
    "one that retains it": lambda: computed(retains=True),
    "one that has been given it": lambda: computed(retains=False),
}


@pytest.mark.parametrize("name", HAVING)
def test_a_gradient_crosses_with_any_kind_of_tensor(name: str) -> None:
    value = HAVING[name]()
    if value.grad is None:
        value.grad = 3 * ONES
    found = cross(value)
    assert found.grad.tolist() == [3.0, 3.0]
    for flag in ("requires_grad", "is_leaf", "retains_grad"):
        assert getattr(found, flag) == getattr(value, flag)


def test_a_missing_gradient_arrives_as_none() -> None:
    for value in (ONES, ONES.clone().requires_grad_(), computed(retains=True)):
        value.grad = None
        assert cross(value).grad is None


def test_a_gradient_shared_by_two_tensors_stays_shared() -> None:
    one, other = assigned(), assigned()
    other.grad = one.grad
    found = cross([one, other])
    assert found[0].grad is found[1].grad


@pytest.mark.parametrize("wrong", [torch.ones(3), torch.ones(2).double(), 3, [1, 1]])
def test_a_gradient_of_another_shape_is_refused(wrong: Any) -> None:
    node, buffers = sent([ONES.clone(), wrong])
    tensor, gradient = node["v"]
    with pytest.raises(CodecError):
        decode({**tensor, "grad": gradient}, *map(bytes, buffers))


def test_a_gradient_of_another_dtype_is_refused_in_words() -> None:
    leaf = torch.ones(2, requires_grad=True)
    leaf.grad_dtype = None
    leaf.grad = torch.ones(2).double()
    with pytest.raises(RefusedError, match=r"float32 whose gradient .*torch\.float64"):
        sent(leaf)


def test_a_gradient_counts_against_the_limit_of_bytes() -> None:
    value = torch.ones(1000)
    Encoder(refuse, max_bytes=5000).encode(value)
    value.grad = torch.ones(1000)
    with pytest.raises(RefusedError, match="too large"):
        Encoder(refuse, max_bytes=5000).encode(value)


# --- Given by a test ---------------------------------------------------------------

GIVEN: dict[str, Callable[[], Any]] = {
    "a leaf": trained,
    "in a list": lambda: [1, {"a": trained()}],
    "one that retains it": lambda: computed(retains=True),
    "a network": network,
    "its parameters": lambda: network().parameters(),
    "an optimiser": lambda: torch.optim.SGD(network().parameters(), lr=1),
    "a data set": lambda: torch.utils.data.TensorDataset(trained()),
    "parameters alone": lambda: torch.nn.ParameterList(network().parameters()),
}


def out(value: object) -> object:
    return Outgoing(Exports().refer, None).encode(value)


@pytest.mark.parametrize("name", GIVEN)
def test_a_gradient_from_backward_is_not_sent_to_the_notebook(name: str) -> None:
    with pytest.raises(CodecError, match="left by `backward`"):
        out(GIVEN[name]())


def test_an_assigned_gradient_is_sent_until_it_changes() -> None:
    leaf = trained()
    take_for_operand(leaf.grad)
    out(leaf)
    leaf.sum().backward()
    with pytest.raises(CodecError, match="left by `backward`"):
        out(leaf)


def test_only_the_test_s_own_code_counts_as_assigning_a_gradient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = torch.Tensor.grad
    monkeypatch.setattr(callers, "_TESTS", {__name__})
    try:
        assigned_gradients.install()
        out(assigned())
        net = network()
        for value in (net.double(), copy.deepcopy(trained())):
            with pytest.raises(CodecError):
                out(value)
        del net.weight.grad, net.bias.grad
        out(net)
    finally:
        del torch.Tensor.grad
    assert torch.Tensor.grad is plain


def test_a_gradient_from_the_notebook_may_go_back() -> None:
    names = {"weights": trained, "total": lambda w: w.grad.sum().item()}
    refusals.forget()
    with student_with(names) as student:
        found = student.name("weights")()
        assert student.name("total")(found) == 6
        found.sum().backward()
        with pytest.raises(CodecError, match="left by `backward`"):
            student.name("total")(found)
    refusals.forget()


# --- In jails ------------------------------------------------------------------------

RIGHT = """
import torch
class SGD:
    def __init__(self, params, lr): self.params, self.lr = list(params), lr
    def step(self):
        with torch.no_grad():
            for p in self.params:
                if p.grad is not None: p -= self.lr * p.grad
    def zero_grad(self):
        for p in self.params: p.grad = None
def clip(net, most):
    torch.nn.utils.clip_grad_value_(net.parameters(), most)
    return [p.grad for p in net.parameters()]
def gradient(w): return 2 * w.detach()
class Dense:
    def __init__(self): self.W = torch.ones(3, 2)
    def backward(self, x, d): self.W.grad = x.T @ d
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = torch.nn.Linear(3, 3), torch.nn.Linear(3, 1)
        self.head(self.body(torch.ones(3))).sum().backward()
def freeze(net):
    for p in net.body.parameters(): p.requires_grad_(False).grad = None
"""
WRONG = """
import torch
class SGD:
    def __init__(self, params, lr): self.params, self.lr = list(params), lr
    def step(self): pass
    def zero_grad(self): pass
def clip(net, most): return [p.grad for p in net.parameters()]
def gradient(w): return w.grad if w.grad is not None else torch.zeros(2)
class Dense:
    def __init__(self): self.W = torch.ones(3, 2)
    def backward(self, x, d): self.W.grad = -x.T @ d
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = torch.nn.Linear(3, 3), torch.nn.Linear(3, 1)
        self.head(self.body(torch.ones(3))).sum().backward()
def freeze(net):
    for p in net.body.parameters(): p.requires_grad_(False)
"""
LEAF = "import torch\nw = torch.tensor([1., 2.], requires_grad=True)\n"
TESTS = (
    (
        f"{LEAF}w.grad = torch.ones(2)\nopt = SGD([w], 0.5)\nopt.step()\n"
        "assert opt.params[0].tolist() == [0.5, 1.5]"
    ),
    (
        f"{LEAF}(w ** 2).sum().backward()\nw.grad = w.grad.clone()\nopt = SGD([w], 0.5)\n"
        "opt.zero_grad()\nassert all(p.grad is None for p in opt.params)"
    ),
    (
        "import torch\nnet = torch.nn.Linear(2, 1)\n"
        "for p in net.parameters(): p.grad = torch.full_like(p, 5)\n"
        "assert all((g == 1).all() for g in clip(net, 1.0))"
    ),
    (
        f"{LEAF}(w ** 2).sum().backward()\nwant, w.grad = w.grad, None\n"
        "assert torch.equal(gradient(w), want)"
    ),
    (
        "import torch\nlayer, x, d = Dense(), torch.randn(4, 3), torch.randn(4, 2)\n"
        "layer.backward(x, d)\nassert torch.allclose(layer.W.grad, x.T @ d)"
    ),
    (
        "net = Net()\nfreeze(net)\nassert net.head.weight.grad is not None\n"
        "assert all(p.grad is None for p in net.body.parameters())"
    ),
)
LEAKING = LEAF + "(w ** 2).sum().backward()\nassert torch.equal(gradient(w), w.grad)"


@pytest.mark.parametrize(("work", "score"), [(RIGHT, 1), (WRONG, 0)])
def test_work_is_graded_by_its_gradients(runner: Runner, work: str, score: int) -> None:
    names = {
        "defined_classes": ("SGD", "Dense", "Net"),
        "defined_methods": ("step", "zero_grad", "params", "backward", "W"),
    }
    result = marked(runner, work, *TESTS, **names)
    traces = [one.trace for one in result.questions[0].checks]
    assert all_scores(result) == [score] * len(TESTS), traces


@pytest.mark.parametrize("test", [LEAKING, "try:\n    {}\nexcept ValueError: pass"])
def test_an_expected_gradient_is_not_sent(runner: Runner, test: str) -> None:
    test = test.format(LEAKING.replace("\n", "\n    "))
    result = marked(runner, WRONG, test)
    assert all_scores(result) == [0.0]
    assert "w.grad = w.grad.clone()" in result.questions[0].checks[0].trace
