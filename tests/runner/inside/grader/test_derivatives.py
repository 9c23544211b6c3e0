"""A derivative through the student's code is refused in words, and is never zero."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.autograd import forward_ad, functional, gradcheck
from torch.utils.checkpoint import checkpoint

from runner.host.runner import Runner
from runner.inside.grader import derivatives
from runner.inside.values import graphs
from runner.inside.values.codec import Encoder, RefusedError
from tests.runner.inside.values.test_one_object import cross
from tests.runner.inside.values.test_values import refuse
from tests.runner.notebooks import all_scores, marked

pytestmark = [
    pytest.mark.torch,
    # A warning of torch's own, when it first makes a dual number.
    pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated"),
]
X = torch.arange(1.0, 4.0)


def theirs(x: Any) -> Any:
    """Answer like the notebook's process: with a tensor that has lost its graph."""
    return cross(x**2)


@pytest.fixture(autouse=True)
def _looks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    variable: Any = torch.autograd.Variable
    monkeypatch.setattr(variable, "_execution_engine", variable._execution_engine)
    derivatives.install()


def leaf() -> Any:
    return X.clone().requires_grad_()


def unused(found: Callable[[Any], Any], **named: Any) -> Any:
    x = leaf()
    return torch.autograd.grad(found(x).sum(), x, allow_unused=True, **named)


def changed(x: Any) -> Any:
    found = theirs(x)
    found[0] = 0
    found[1:].mul_(2)
    return found


def beside(x: Any) -> Any:
    return x + theirs(x)


ASKED: dict[str, Callable[[], object]] = {
    "grad": lambda: unused(theirs),
    "grad, as zeros": lambda: unused(theirs, materialize_grads=True),
    "grad of one that was changed in place": lambda: unused(changed),
    "grad of a sum with what is here": lambda: unused(beside),
    "grad of several": lambda: unused(lambda x: torch.stack([x, theirs(x)])),
    "grad past a checkpoint": lambda: unused(
        lambda x: checkpoint(theirs, x, use_reentrant=False)
    ),
    "backward of a checkpoint": lambda: (
        checkpoint(theirs, leaf(), use_reentrant=True).sum().backward()
    ),
    "backward": lambda: theirs(leaf()).sum().backward(),
    "backward for inputs": lambda: theirs(x := leaf()).sum().backward(inputs=[x]),
    "jacobian": lambda: functional.jacobian(theirs, X),
    "jacobian at once": lambda: functional.jacobian(theirs, X, vectorize=True),
    "hessian": lambda: functional.hessian(lambda x: theirs(x).sum(), X),
    "vjp": lambda: functional.vjp(theirs, X, X),
    "jvp": lambda: functional.jvp(theirs, X, X),
    "hvp": lambda: functional.hvp(lambda x: theirs(x).sum(), X, X),
    "gradcheck": lambda: gradcheck(theirs, leaf().double()),
    "a walk through the graph": lambda: (
        (theirs(leaf()) * 2).grad_fn.next_functions[0][0].next_functions
    ),
}
TRANSFORMED: dict[str, Callable[[], object]] = {
    "func.grad": lambda: torch.func.grad(lambda x: theirs(x).sum())(X),
    "func.vjp": lambda: torch.func.vjp(theirs, X),
    "func.jvp": lambda: torch.func.jvp(theirs, (X,), (X,)),
    "jacrev": lambda: torch.func.jacrev(theirs)(X),
    "jacfwd": lambda: torch.func.jacfwd(theirs)(X),
    "vmap": lambda: torch.vmap(theirs)(X),
    "jacobian, forward": lambda: functional.jacobian(
        theirs, X, vectorize=True, strategy="forward-mode"
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_derivative_through_the_student_s_code_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[Exception] = []
    monkeypatch.setattr(graphs, "on_lost_graph", [noted.append])
    with pytest.raises(
        graphs.LostGraphError, match="compute the derivative and return"
    ):
        ASKED[name]()
    assert noted


@pytest.mark.parametrize("name", TRANSFORMED)
def test_batched_tensors_and_tangents_are_not_sent(name: str) -> None:
    with pytest.raises(RefusedError, match="compute the derivative and return it"):
        TRANSFORMED[name]()


def test_a_dual_number_is_refused_and_its_plain_value_is_sent() -> None:
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(X, X)
        with pytest.raises(RefusedError, match="forward-mode"):
            Encoder(refuse).encode([dual])
    assert torch.equal(cross(dual), X)


def test_a_derivative_within_the_test_is_computed() -> None:
    found, other, x = theirs(leaf()), cross(leaf()), leaf()
    assert torch.autograd.grad((found * 3).sum(), found)[0].tolist() == [3.0] * 3
    assert torch.equal(functional.jacobian(lambda y: y**2, found), (2 * found).diag())
    assert torch.autograd.grad((found.detach() * x).sum(), x)[0].tolist() == [1, 4, 9]
    (other * x).sum().backward()
    assert torch.equal(other.grad, X)
    assert torch.equal(torch.func.grad(lambda v: (v * v).sum())(X), 2 * X)


def test_a_lost_graph_below_an_input_is_refused() -> None:
    first = theirs(leaf())
    with pytest.raises(graphs.LostGraphError):
        torch.autograd.grad((first + theirs(first)).sum(), first)


def test_each_node_of_a_graph_is_visited_once() -> None:
    found = theirs(leaf())
    x = leaf()
    y = x
    for _ in range(200):
        y = y + y
    assert unused(lambda _: y)[0] is None
    with pytest.raises(graphs.LostGraphError):
        torch.autograd.grad((y + found).sum(), x)


# --- In jails --------------------------------------------------------------------------

WRONG = """
import torch
def causal(x): return x.cumsum(0) + x.sum()
def alike(x): return causal(x)
"""
TESTS = (
    "J = torch.autograd.functional.jacobian(causal, x)\nassert (J.triu(1) == 0).all()",
    (
        "from torch.autograd import forward_ad as fw\nwith fw.dual_level():\n"
        "    found = causal(fw.make_dual(x, torch.tensor([0., 0., 0., 1.])))\n"
        "    assert fw.unpack_dual(found).tangent is None"
    ),
    (
        "x.requires_grad_()\ntry:\n"
        "    g, = torch.autograd.grad(causal(x)[0], x, allow_unused=True)\n"
        "except Exception:\n    g = None\nassert g is None"
    ),
    "x.requires_grad_()\ncausal(x)[0].backward(inputs=[x])\nassert x.grad is None",
)


def test_a_check_that_asks_for_a_lost_derivative_cannot_pass(
    runner: Runner,
) -> None:
    setting = "import torch\nx = torch.ones(4)\n"
    result = marked(runner, WRONG, *(setting + one for one in TESTS))
    traces = [one.trace for one in result.questions[0].checks]
    assert all_scores(result) == [0] * len(TESTS)
    assert all("compute the derivative and return it" in one for one in traces), traces
