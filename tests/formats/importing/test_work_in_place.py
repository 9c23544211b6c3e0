"""Notes on tests of work in place, where the solution changes its argument."""

import ast

import pytest

from formats.importing.work_in_place import changed_parameters, find_argument_looks
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
