"""A name is the test's own if it is certainly bound there, else the notebook's."""

import pytest

from formats.importing.reads import reads_of
from formats.importing.staff_names import StaffNames
from formats.importing.statements import Author, AuthoredCell

CERTAIN = {
    "an assignment": "t = 1\nassert f(1) < t",
    "both branches": "if f(1):\n    t = 1\nelse:\n    t = 2\nassert f(1) < t",
    "a branch of two that ends": "if f(1):\n    raise E\nelse:\n    t = 2\nassert t",
    "a loop over what is written": "for k in (1, 2):\n    t = f(k)\nassert t",
    "a loop of so many rounds": "for k in range(3):\n    t = f(k)\nassert t",
    "a loop that a break leaves": "while True:\n    t = f(1)\n    break\nassert t",
    "a context that holds nothing back": "with torch.no_grad():\n    t = f(1)\nassert t",
    "a context's own name": "with pytest.raises(E) as t:\n    f(1)\nassert t",
    "an error that is raised again": "try:\n    t = f(1)\nexcept E:\n    raise\nassert t",
    "what runs at last": "try:\n    f(1)\nfinally:\n    t = 1\nassert t",
    "a case for all others": "match f(1):\n    case 1:\n        t = 1\n    case t:\n"
    "        pass\nassert t",
    "a walrus": "assert (t := f(1)) and t",
    "a comprehension's name": "assert [t for t in f(1)]",
    "a parameter": "def g(t):\n    return t\nassert g(f(1))",
    "a name of a function": "def g():\n    t = 1\n    return t\nassert g() == f(1)",
    "a name of the function around": "def g():\n    t = 1\n    return lambda: t\ng()",
    "a name bound before the call": "def g():\n    return t\nt = 1\nassert g()",
    "a global that a function binds": "def g():\n    global t\n    t = 1\ng()\nassert t",
    "a text about a name of the test's": "t = 1\nassert eval('f(1) < t')",
    "a look-up of a name of the test's": "t = 1\nassert globals()['t']",
}

UNCERTAIN = {
    "read first": "assert f(1) < t\nt = 1",
    "read by what binds it": "t = t * 10",
    "read by an addition": "t += 1",
    "one branch": "if f(1):\n    t = 1\nassert f(1) < t",
    "one part of an expression": "f(1) and (t := 1)\nassert t",
    "a loop over what is asked for": "for k in f(1):\n    t = k\nassert t",
    "a round before": "for k in range(3):\n    assert f(k) < t\n    t = 1",
    "a loop with a condition": "while f(1):\n    t = 1\nassert t",
    "a loop that is left early": "for k in (1, 2):\n    if f(k):\n        break\n"
    "    t = 1\nassert t",
    "a context that may hold errors back": "with g():\n    f(1)\n    t = 1\nassert t",
    "a context that binds it again": "with nullcontext():\n    t *= 10",
    "a body that an error ends": "try:\n    t = f(1)\nexcept E:\n    pass\nassert t",
    "a name that may not be there": "try:\n    t\nexcept NameError:\n    t = 1\nassert t",
    "the name of an error that is over": "try:\n    f(1)\nexcept E as t:\n    pass\nt",
    "one case": "match f(1):\n    case int():\n        t = 1\nassert t",
    "deleted before": "t = 1\ndel t\nassert f(1) < t",
    "deleted in an earlier round": "t = 1\nfor k in f(1):\n    assert t\n    del t",
    "deleted by a function": "t = 1\ndef g():\n    global t\n    del t\ng()\nassert t",
    "a default": "def g(a, b=t):\n    return b\nassert g(f(1))",
    "a default of a lambda": "g = lambda a, b=t: b",
    "a decorator": "@t\ndef g():\n    pass",
    "a class's body": "class G:\n    t = t",
    "a method, of a class's name": "class G:\n    t = 1\n    def g(self):\n"
    "        return t\nG().g()",
    "a comprehension in a class": "class G:\n    t = 1\n    u = [t for _ in (1, 2)]",
    "a comprehension's walrus": "[t := k for k in f(1)]\nassert t",
    "a function that is called before": "def g():\n    return t\nassert g()\nt = 1",
    "a function that one calls": "def g():\n    return t\ndef h():\n    return g()\nh()",
    "a function that is found by its name": "class T(unittest.TestCase):\n"
    "    def test(self):\n        assert t\nunittest.main()\nt = 1",
    "a text that is filled in": "assert f'{t}'",
    "all names": "assert f(1) < globals()['t']",
    "all names, perhaps": "assert f(1) < globals().get('t', 1)",
    "a look whether there is one": "if 't' not in globals():\n    t = 1\nassert t",
    "names of a frame": "import sys\nassert sys._getframe().f_globals['t']",
    "vars": "assert vars()['t']",
    "the notebook as a module": "import __main__\nassert f(1) < __main__.t",
    "the module by another name": "import __main__ as m\nassert getattr(m, 't')",
    "a module that is looked up": "import sys\nassert sys.modules['__main__'].t",
    "a name that is imported from it": "from __main__ import t",
    "text that is evaluated": "assert eval('f(1) < t')",
    "text that is run": "exec('assert f(1) < t')",
    "a condition on a table": "assert len(f(1).query('m < @t'))",
    "text that is timed": "timeit.timeit('f(t)', globals=globals())",
    "a text of an earlier line": "text = 'f(1) < t'\nassert eval(text)",
    "a name of an earlier line": "for n in ('t', 'u'):\n    assert globals()[n]",
    "names that are kept": "names = globals()\nassert names['t']",
}


@pytest.mark.parametrize("source", CERTAIN.values(), ids=CERTAIN)
def test_a_name_that_is_certainly_bound_is_the_test_s_own(source: str) -> None:
    assert "t" not in reads_of(source).all


@pytest.mark.parametrize("source", UNCERTAIN.values(), ids=UNCERTAIN)
def test_a_name_that_may_be_unbound_is_the_notebooks(source: str) -> None:
    assert "t" in reads_of(source).all


@pytest.mark.parametrize("source", UNCERTAIN.values(), ids=UNCERTAIN)
def test_a_constant_of_staff_is_brought_to_each_test_that_reads_it(
    source: str,
) -> None:
    cells = [
        AuthoredCell(cell=1, source="t = 1e-6"),
        AuthoredCell(cell=2, source="def f(x):\n    return x", author=Author.STUDENT),
    ]
    found = StaffNames(cells).preamble_of(f"f(0)\n{source}", cell=3)
    assert found.names == ("t",)
    assert "t" not in reads_of(f"{found.source}\nt\n").names


@pytest.mark.parametrize(
    ("source", "is_complete"),
    [
        ("eval('f(1)')", True),
        ("eval(text)", False),
        ("eval(f'f({x})')", False),
        ("globals()['f']", True),
        ("globals()[name]", False),
        ("names = globals()", False),
        ("import __main__\nvars(__main__)", False),
        ("import __main__\ngetattr(__main__, name)", False),
        ("from __main__ import *", False),
        ("locals()", False),
        ("def g():\n    return locals()", True),
        ("getattr(net, name)", True),
        ("re.compile(pattern)", True),
        ("net.eval()", True),
        ("torch.compile(net)", True),
        ("timeit.timeit(lambda: f(1))", True),
        ("g = globals\ng()['x']", False),
        ("globals()['x']", True),
    ],
)
def test_a_computed_text_is_recognised(
    source: str,
    is_complete: bool,  # noqa: FBT001 - a case
) -> None:
    assert reads_of(source).is_complete == is_complete


def test_a_name_that_a_test_deletes_or_replaces_is_not_brought() -> None:
    cells = [
        AuthoredCell(cell=1, source="def g(x):\n    return x"),
        AuthoredCell(cell=2, source="def f(x):\n    return x", author=Author.STUDENT),
    ]
    for ban in (
        "kept = g\ndel g\ng = kept",
        "kept, g = g, no",
        "def h():\n    global g\n    g(1)\n    del g\nh()",
        "g(1)\nglobals().pop('g')",
        "g(1)\nwith mock.patch('__main__.g'):\n    f(1)",
    ):
        found = StaffNames(cells).preamble_of(f"f(0)\n{ban}", cell=3)
        assert (found.names, found.kept) == ((), ("g",)), ban


@pytest.mark.parametrize(
    ("given", "author", "shared"),
    [
        ("xs = [1, 2]", Author.TESTS, ("xs",)),
        ("xs = f(3)", Author.TESTS, ("xs",)),
        ("xs = [1, 2]", Author.GIVEN, ("xs",)),
        ("xs = None", Author.GIVEN, ()),
        ("import xs", Author.GIVEN, ()),
    ],
)
def test_a_name_of_the_staff_s_that_a_solution_binds_again_is_noted(
    given: str, author: Author, shared: tuple[str, ...]
) -> None:
    cells = [
        AuthoredCell(cell=1, source=given, author=author),
        AuthoredCell(cell=2, source="xs = [3]", author=Author.STUDENT),
    ]
    assert StaffNames(cells).preamble_of("assert xs", cell=3).shared == shared


def test_a_value_computed_in_a_test_cell_is_not_used_in_another() -> None:
    cells = [
        AuthoredCell(cell=1, source="t = 1e-2"),
        AuthoredCell(cell=2, source="def f(x):\n    return x", author=Author.STUDENT),
        AuthoredCell(
            cell=3, source="for k in f(1):\n    t = t / 10", author=Author.TESTS
        ),
    ]
    assert StaffNames(cells).preamble_of("assert f(1) < t", cell=4).source == "t = 1e-2"
