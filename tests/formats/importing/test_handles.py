"""A note names what a test asks of the notebook's objects but does not get in a run."""

import ast

import pytest

from formats.importing.student_objects import find_unsupported_uses
from runner.protocol.jobs import TestStyle

DEFINED = ("net", "train")
_INTERRUPT = "A test cannot catch a KeyboardInterrupt"
# Each fails in a run, where a test has handles, and copies of tensors.
FAILING = {
    "loss = net(x).sum()\nloss.backward()": (2, "`.backward()`"),
    "net(x)[0, 0].backward()\nassert net.weight.grad": (1, "`.backward()`"),
    "for out in [net(a) for a in xs]:\n    out.backward()": (2, "`.backward()`"),
    "(g,) = torch.autograd.grad(net(x).sum(), x)": (1, "`autograd.grad`"),
    "from torch.autograd import grad\ny = net(x)\nassert y.grad_fn": (3, "`.grad_fn`"),
    "from torch.autograd import grad\n(g,) = grad(net(x).sum(), x)": (
        2,
        "`autograd.grad`",
    ),
    "J = torch.autograd.functional.jacobian(net, x)": (1, "`jacobian`"),
    "def f(v):\n    return net(v).sum()\ntorch.func.hessian(f)(x)": (3, "`hessian`"),
    "from torch.func import vjp\nvjp(lambda v: net(v), x)": (2, "`vjp`"),
    "import torch.autograd.forward_ad as ad\nnet(ad.make_dual(x, v))": (
        2,
        "`make_dual`",
    ),
    "torch.vmap(net)(xs)": (1, "`vmap`"),
    "torch.func.grad(net)(x)": (1, "`func.grad`"),
    "assert torch.autograd.gradcheck(net, x)": (1, "`gradcheck`"),
    "optim.SGD(params=net.parameters(), lr=1)": (1, "An optimiser"),
    "assert type(net) == torch.nn.Linear": (1, "`type(net)`"),
    "assert type(net) is not nn.Linear": (1, "`type(net)`"),
    "assert type(net.fc) in (nn.Linear, nn.Conv2d)": (1, "`type(net.fc)`"),
    "assert type(net).__name__ == 'Linear'": (1, "`type(net)`"),
    "assert issubclass(type(net), nn.Module)": (1, "`type(net)`"),
    "case.assertIs(type(net), nn.Linear)": (1, "`type(net)`"),
    "for m in net.modules():\n    kind = type(m)": (2, "`type(m)`"),
    "def look(m):\n    return type(m) == nn.Linear\nlook(net)": (2, "`type(m)`"),
    "with watch(net) as seen:\n    type(seen)": (2, "`type(seen)`"),
    "if (own := net[0]):\n    type(own)": (2, "`type(own)`"),
    "net.losses.append(1)\nassert net.losses == []": (1, "`net.losses.append` changes"),
    "b = net()\nb.get().update(a=1)": (2, "`b.get().update` changes"),
    "with pytest.raises(KeyboardInterrupt): train(5, call)": (1, _INTERRUPT),
    "try:\n    train(5)\nexcept (KeyboardInterrupt, E): pass": (3, _INTERRUPT),
    "case.assertRaises(KeyboardInterrupt, train, 5)": (1, _INTERRUPT),
}
# Each passes in a run, or uses nothing of the notebook.
PASSING = (
    "assert isinstance(net, torch.nn.Linear)",
    "assert net.__class__ is torch.nn.Linear",
    "assert type(net(x)) == torch.Tensor",
    "assert type(train()) in (int, float)",
    "def f(v):\n    return v ** 2\ntorch.autograd.functional.jacobian(f, x)",
    "own(forward_ad.make_dual(x, v))",
    "assert own.jacobian(net, x) is None",
    "assert list is type(train())",
    "assert type(train()) is np.ndarray",
    "assert train(), f'it gave {type(train())}'",
    "assert train(), type(train())",
    "print(type(net))",
    "assert net.weight.grad is not None",
    "assert all(p.requires_grad for p in net.parameters())",
    "own = nn.Linear(1, 1)\nown(x).sum().backward()\nassert type(own) is nn.Linear",
    "train(net)",
    "with pytest.raises(ValueError): train(5)",
    "with pytest.raises(SystemExit): sys.exit(1)",
    "with pytest.raises(SystemExit):\n    with train(): raise SystemExit",
    "train(SystemExit, KeyboardInterrupt)",
    "net.append(1)",
    "x = train()\nx.append(1)\nown.items.append(1)",
)


def notes(code: str, style: TestStyle = TestStyle.SCRIPT) -> list[tuple[int, str]]:
    found = find_unsupported_uses(ast.parse(code), style, DEFINED)
    assert not any(each.is_certain for each in found)
    found = find_unsupported_uses(ast.parse(code), style, DEFINED)
    return [(each.line, f"{each.message} {each.hint}") for each in found]


@pytest.mark.parametrize("code", FAILING)
def test_a_use_that_fails_in_a_run_is_noted_on_its_line(code: str) -> None:
    (note,) = notes(code)
    line, words = FAILING[code]
    assert (note[0], note[1].startswith(words)) == (line, True), note


@pytest.mark.parametrize("code", PASSING)
def test_a_use_that_passes_in_a_run_is_not_noted(code: str) -> None:
    assert notes(code) == []


@pytest.mark.parametrize("style", [TestStyle.FUNCTIONS, TestStyle.CASES])
def test_a_parameter_of_a_test_function_is_the_notebooks(style: TestStyle) -> None:
    (note,) = notes("def kind(layer):\n    return type(layer) == nn.Linear", style)
    assert note[0] == 2


def test_the_same_note_is_given_once() -> None:
    assert len(notes("net(x).backward()\nnet(y).backward()")) == 1


def test_a_note_says_what_to_write_instead() -> None:
    ((_, words),) = notes("assert type(net) == nn.Linear")
    assert "isinstance(net, CLASS)" in words
    ((_, words),) = notes("net(x).backward()")
    assert "Let a function of the notebook compute the gradients" in words


def test_a_long_chain_of_names_is_followed_in_bounded_time() -> None:
    chain = "\n".join(f"a{n} = a{n - 1}" for n in range(4_000, 1, -1))
    assert notes(f"{chain}\na1 = net") == []
