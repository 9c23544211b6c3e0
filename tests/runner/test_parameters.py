"""Forced parameters, on the syntax tree alone."""

import ast
from typing import Any

import pytest

from runner.student.parameters import ForceParameters


def run(source: str, **values: Any) -> dict[str, Any]:
    tree: Any = ForceParameters(values).visit(ast.parse(source))
    space: dict[str, Any] = {}
    exec(compile(tree, "<cell>", "exec"), space)  # noqa: S102 - our own text
    return space


@pytest.mark.parametrize(
    "source",
    [
        "a = False",
        "a: bool = False",
        "b = a = False",
        "a, b = False, 1",
        "(a, [b, *c]) = False, [1]",
        "a = 1\na += 5",
        "if True:\n    a = False",
        "for i in range(2):\n    a = False",
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    a = False",
        "with open('/dev/null'):\n    a = False",
        "match 1:\n    case 1:\n        a = False",
        "while True:\n    a = False\n    break",
    ],
)
def test_an_assignment_at_module_level_is_overridden(source: str) -> None:
    assert run(source, a=True)["a"] is True


def test_other_names_and_scopes_are_left_alone() -> None:
    source = (
        "b = 1\ndef f(a=2):\n    a = 3\n    return a\nclass C:\n    a = 4\n"
        "x = f()\ny = C.a\nd = {}\nd['a'] = 5"
    )
    space = run(source, a=True)
    assert (space["b"], space["x"], space["y"], space["d"]) == (1, 3, 4, {"a": 5})
    assert "a" not in space
