"""Forced parameters are set in the notebook's syntax tree."""

import ast
from typing import Any

import pytest

from runner.inside.student.parameters import ForceParameters, restore_values


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
        "(a := False)",
        "[a := x for x in (1, 2)]",
        "f = lambda x=(a := False): x",
        "def f(x=(a := False)): pass",
        "for a in [False]: pass",
        "for x, (*a,) in [(1, (2,))]: pass",
        "with open('/dev/null') as a: pass",
        "import math as a",
        "from math import pi as a",
        "a = 1\nfrom __main__ import *",
        "def a(): pass",
        "async def a(): pass",
        "class a: pass",
        "try:\n    1 / 0\nexcept ZeroDivisionError as a: pass",
        "try:\n    raise OSError\nexcept* OSError as a: pass",
        "match [1, 2]:\n    case [a, *_]: pass",
        "match [1, 2]:\n    case [_, *a]: pass",
        "match {1: 2}:\n    case {**a}: pass",
        "match 1:\n    case int() as a if a: pass",
        "a = 1\ndel a",
        "def f():\n    global a\n    a = False\nf()",
        "def f():\n    if True:\n        global a\n    for a in [1]: pass\nf()",
        "def f():\n    def g():\n        global a\n        import math as a\n    g()\nf()",
        "class C:\n    global a\n    a = False",
    ],
)
def test_an_assignment_at_module_level_is_overridden(source: str) -> None:
    assert run(source, a=True)["a"] is True


@pytest.mark.parametrize(
    "source",
    [
        "for a in [0]:\n    seen = a",
        "with open('/dev/null') as a:\n    seen = a",
        "try:\n    1 / 0\nexcept ZeroDivisionError as a:\n    seen = a",
        "match 0:\n    case a:\n        seen = a",
        "seen = (a := 0)",
        "if a := 0: pass\nelse: seen = a\nif a: seen = a",
        "seen = [(a := x) for x in [0]][0]",
    ],
)
def test_later_code_sees_the_forced_value(source: str) -> None:
    assert run(source, a=True)["seen"] is True


def test_the_overridden_statement_still_runs() -> None:
    source = "d = []\n(a := d.append(1))\nfor a in [2]: d.append(a)\ndel a"
    assert run(source, a=7)["d"] == [1, 7]


def test_names_that_are_not_the_notebook_s_are_left_alone() -> None:
    source = (
        "f = lambda: (a := 1)\nx = f()\ndef g():\n    a = 2\n    def h():\n"
        "        nonlocal a\n        a = 3\n    h()\n    return a\ny = g()\n"
        "z = [a for a in [4]]"
    )
    space = run(source, a=True)
    assert (space["x"], space["y"], space["z"]) == (1, 3, [4])
    assert "a" not in space


def test_a_parameter_bound_in_another_way_gets_its_forced_value_back() -> None:
    names: dict[str, Any] = {"a": 1, "b": 2}
    restore_values(names, {"a": True, "c": False})
    assert names == {"a": True, "b": 2}


def test_other_names_and_scopes_are_left_alone() -> None:
    source = (
        "b = 1\ndef f(a=2):\n    a = 3\n    return a\nclass C:\n    a = 4\n"
        "x = f()\ny = C.a\nd = {}\nd['a'] = 5"
    )
    space = run(source, a=True)
    assert (space["b"], space["x"], space["y"], space["d"]) == (1, 3, 4, {"a": 5})
    assert "a" not in space
