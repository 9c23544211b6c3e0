"""Notes on tests of work in place, where the solution changes its argument."""

import ast

import pytest

from formats.importing.argument_notes import find_argument_looks
from formats.importing.work_in_place import changed_parameters
from runner.protocol.jobs import TestStyle

_LOOK = "a = [3, 1]\nf(a)\nassert a == [3, 1]"


def _changed(body: str, parameters: str = "a") -> dict[str, set[int | str]]:
    source = f"def f({parameters}):\n    {body}"
    cells = [{"cell_type": "code", "source": source, "metadata": {}}]
    return {name: set(slots) for name, slots in changed_parameters(cells).items()}


@pytest.mark.parametrize(
    "body",
    [
        "a.sort()\n    return a",
        "a[a < 0] = 0",
        "a -= a.mean()",
        "a['x'] += 1",
        "del a['x']",
        "a.clamp_(min=0)",
        "a.drop(columns='x', inplace=True)",
        "np.clip(a, 0, 1, out=a)",
        "for g in a: g *= 2",
    ],
)
def test_a_look_at_what_the_solution_changes_is_noted(body: str) -> None:
    changed = _changed(body)
    assert changed == {"f": {0, "a"}}
    (finding,) = find_argument_looks(ast.parse(_LOOK), TestStyle.SCRIPT, changed, {})
    assert finding.line == 3
    assert not finding.is_certain
    assert "The solution's `f` changes its argument" in finding.message


@pytest.mark.parametrize(
    "body",
    [
        "return sorted(a)",
        "a = a.copy()\n    a.sort()\n    return a",
        "b = a * 2\n    b[0] = 1",
    ],
)
def test_a_solution_that_leaves_its_argument_alone_is_not_noted(body: str) -> None:
    assert not _changed(body)


@pytest.mark.parametrize(
    "test",
    [
        "a = [3, 1]\nassert f(a) == sorted(a)",
        "a = [3, 1]\nout = f(a)\na = [3, 1]\nassert a == [3, 1]",
        "a = [3, 1]\nb = [1]\nf(b)\nassert a == [3, 1]",
    ],
)
def test_a_test_that_does_not_look_afterwards_is_not_noted(test: str) -> None:
    changed = _changed("a.sort()")
    tree = ast.parse(test)
    assert not list(find_argument_looks(tree, TestStyle.SCRIPT, changed, {}))


def test_arguments_are_found_by_name_and_in_functions() -> None:
    changed = _changed("b.sort()", "a, *, b")
    assert changed == {"f": {"b"}}
    test = ast.parse("def check(f):\n    x = [2]\n    f(1, b=x)\n    return x == [2]")
    assert list(find_argument_looks(test, TestStyle.FUNCTIONS, changed, {}))


def _notes(test: str, changed: dict[str, set[int | str]]) -> list[str]:
    found = find_argument_looks(ast.parse(test), TestStyle.SCRIPT, changed, {})
    return [one.message for one in found]


_PAIR = "xs = [torch.ones(2)]; before = [x.clone() for x in xs]; f(xs)\n"


@pytest.mark.parametrize(
    "test",
    [
        "x = -torch.ones(3); o = x.clone(); f(x[:2]); assert x.equal(o)",
        "x = -torch.ones(2); f(x); after = x.tolist(); assert after == [-1, -1]",
        f"{_PAIR}for p, q in zip(xs, before): assert torch.equal(p, q)",
        "g = {'w': [torch.ones(1)]}; f(g['w']); assert g['w'][0] == 1",
        "def same(h, x):\n    o = x.clone(); h(x); return torch.equal(x, o)\nassert same(f, x)",
        "a = [3, 1, 2]; f(a)\nif a != [3, 1, 2]: raise AssertionError",
        "a = [2, 1]; out = f(a); assert out == [1, 2] and a == [2, 1]",
        "a = [2, 1]; out = f(a); assert (out, a) == ([1, 2], [2, 1])",
        "a = [2, 1]; out = f(a); assert out != a",
        "x = -torch.ones(2); y = f(x); assert not torch.equal(x, y)",
    ],
)
def test_looks_that_the_grader_does_not_follow_are_noted(test: str) -> None:
    (message,) = _notes(test, _changed("a.sort()"))
    assert "changes its argument" in message


@pytest.mark.parametrize(
    "test",
    [
        "x = torch.randn(9); out = f(x); mask = x > 0; assert torch.equal(out[mask], x[mask])",
        "x = torch.randn(9); out = f(x); want = [v if v > 0 else 0 for v in x]; assert list(out) == want",
        "x = torch.randn(9); out = f(x); n = int((x > 0).sum()); assert (out > 0).sum() == n",
    ],
)
def test_a_comparison_with_an_answer_is_not_noted(test: str) -> None:
    assert not _notes(test, _changed("a.sort()"))


@pytest.mark.parametrize(
    "test",
    [
        "b = Buffer(); s = np.zeros(3); b.push(s); s += 1; assert (b.get(0) == 0).all()",
        "b = Buffer(); s = np.zeros(2)\nfor t in range(3):\n    s[0] = t; b.push(s)\nassert b.get(0)[0] == 0",
        "rows = [[1, 2], [3, 4]]; m = Matrix(rows); rows[0][0] = 9; assert m.row(0) == [1, 2]",
        (
            "net = torch.nn.Linear(2, 1); es = Stopping(); es.step(.5, net)\n"
            "with torch.no_grad(): net.weight.fill_(7.)\n"
            "es.step(.9, net)\nassert torch.equal(es.best['weight'], w)"
        ),
        (
            "net = torch.nn.Linear(2, 1); es = Stopping(); es.step(.5, net)\n"
            "opt = torch.optim.SGD(net.parameters(), lr=1.); opt.step()\n"
            "assert es.best['weight'].sum() == 0"
        ),
        "h = History(); w = torch.zeros(2)\nfor i in range(3): w += 1; h.record(w)\nassert h.w[0] == 1",
        "net = torch.nn.Linear(2, 1); c = clone_net(net); net.weight.data.fill_(7.); assert c.weight != 7",
        "q = torch.nn.Linear(2, 1); a = Agent(q); q.weight.add_(1.); assert torch.equal(a.target.weight, t)",
    ],
)
def test_a_given_value_that_the_test_changes_later_is_noted(test: str) -> None:
    (message,) = _notes(f"import numpy as np, torch\n{test}", {})
    assert "does not see the change" in message


@pytest.mark.parametrize(
    "test",
    [
        "x = np.zeros(3); a = f(x); x[0] = 1; b = f(x); assert b.sum() == a.sum() + 1",
        "s = np.zeros(3); s += 1; b = Buffer(); b.push(s); assert b.get(0)[0] == 1",
        "s = np.zeros(3); b = Buffer(); b.push(s); s = s + 1; assert b.get(0)[0] == 0",
    ],
)
def test_a_value_that_is_changed_and_given_again_is_not_noted(test: str) -> None:
    assert not _notes(f"import numpy as np\n{test}", {})


@pytest.mark.parametrize(
    "test",
    [
        "w = net.weight; b = w.clone(); f(net, x); assert torch.equal(w, b)",
        "ps = list(net.parameters()); b = [p.clone() for p in ps]; f(net, x); assert all(torch.equal(p, q) for p, q in zip(ps, b))",
        "s = net.state_dict(); b = s['weight'].clone(); f(net, x); assert torch.equal(s['weight'], b)",
    ],
)
def test_a_part_of_a_network_that_was_read_before_is_noted(test: str) -> None:
    (message,) = _notes(
        f"import torch\nnet = torch.nn.Linear(2, 1); x = torch.ones(2)\n{test}", {}
    )
    assert "a part of a network" in message
