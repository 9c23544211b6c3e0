"""No library that a test calls evaluates text of the student's beside the tests."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import TestStyle
from tests.runner.notebooks import job_file, marked, messages, scores

pytestmark = pytest.mark.torch


READ = "__import__('sys').modules['__main__'].want"
# A use of the student's text by a test, and a text that would reveal the answer.
EVALUATING = {
    "eval": ("assert eval(text) == want", "want"),
    "exec": ("exec(f'found = {text}')\nassert found == want", "want"),
    "eval, and whatever it raises": (
        "try:\n    assert eval(text) == want\nexcept PermissionError:\n    pass",
        "want",
    ),
    "a parsed text": (
        (
            "import ast\ncode = compile(ast.parse(text, mode='eval'), '<x>', 'eval')\n"
            "assert eval(code) == want"
        ),
        "want",
    ),
    "timeit": ("import timeit\ntimeit.timeit(text, number=1)", "1"),
    "sympy's functions": ("import sympy\nassert sympy.expand(text) == want", READ),
    "sympy's methods": (
        "import sympy\nx = sympy.Symbol('x')\nassert (x - want).subs(x, text) == 0",
        READ,
    ),
    "sympy, printed": (
        "import sympy\nx = sympy.Symbol('x')\nassert sympy.lambdify(x, text)(1) == want",
        READ,
    ),
    "sympy, a name that is printed": (
        (
            "import sympy\nx = sympy.Symbol('x')\n"
            "assert sympy.lambdify(x, x + sympy.Symbol(text))(0) == want"
        ),
        READ,
    ),
    "a query": (
        "import pandas as pd\nassert len(pd.DataFrame({'a': [want]}).query(text))",
        "a == @want",
    ),
    "a formula that calls": (
        (
            "import pandas as pd\n"
            "assert pd.DataFrame({'a': [1]}).eval(text).tolist() == [want]"
        ),
        "a.__class__.__init__.__globals__",
    ),
    "a formula without a table": (
        "import pandas as pd\nassert pd.eval(text) == want",
        "want",
    ),
    "annotations": (
        (
            "import typing\nclass A: pass\nA.__annotations__ = {'x': text}\n"
            "assert typing.get_type_hints(A)['x'] == want"
        ),
        READ,
    ),
    "a file in YAML": (
        "import yaml\nassert yaml.full_load(text) == want",
        "!!python/name:__main__.want",
    ),
    "a file in YAML that calls": (
        "import yaml\nassert yaml.load(text, yaml.Loader) is not None",
        "!!python/object/apply:os.getpid []",
    ),
    "a name of an object": (
        "import pydoc\nassert pydoc.locate(text) == want",
        "__main__.want",
    ),
    "a name of an object, for a package": (
        "import pkgutil\nassert pkgutil.resolve_name(text) == want",
        "__main__:want",
    ),
    "a matrix": ("import numpy as np\nassert np.bmat(text).tolist() == want", "want"),
    "a page": (
        "import jinja2\nassert jinja2.Template(text).render() == '7'",
        "{{ 7 }}",
    ),
    "compiled code": ("import marshal\nmarshal.loads(text.encode('latin1'))", "N"),
    "a template": (
        "def f(): pass\nassert text.format(f=f) == str(want)",
        "{f.__globals__[want]}",
    ),
    "a template, unbound": (
        "def f(): pass\nassert str.format(text, f) == str(want)",
        "{0.__globals__[want]}",
    ),
    "a template, within": (
        "def f(): pass\nassert text.format_map({'f': f, 'n': 1})",
        "{n:{f.__globals__[want]}}",
    ),
    "a formatter": (
        "import string\ndef f(): pass\nassert string.Formatter().format(text, f=f)",
        "{f.__globals__[want]}",
    ),
}


@pytest.mark.parametrize(("check", "text"), EVALUATING.values(), ids=EVALUATING)
def test_no_text_of_the_student_s_is_evaluated(
    runner: Runner, check: str, text: str
) -> None:
    check = f"want = 7\n{check}"
    result = marked(runner, f"text = {text!r}", check, defined_names=("text",))
    assert messages(result) == ["raised PermissionError"]
    assert "let a function of the notebook" in result.questions[0].checks[0].trace


def test_a_configuration_of_the_student_s_imports_nothing(runner: Runner) -> None:
    check = (
        "import logging.config\nlogging.config.dictConfig("
        "{'version': 1, 'filters': {'one': {'()': text}}})"
    )
    result = marked(runner, "text = 'os.getpid'", check, defined_names=("text",))
    assert scores(result) == {"q1": [0.0]}
    assert (
        "by a name that is not in their own text" in result.questions[0].checks[0].trace
    )


def test_a_doctest_s_templates_are_checked_too(runner: Runner) -> None:
    check = ">>> want = 7\n>>> def f(): pass\n>>> print(text.format(f=f))\n7\n"
    notebook = "text = '{f.__globals__[want]}'"
    result = marked(runner, notebook, check, style=TestStyle.DOCTEST)
    assert scores(result) == {"q1": [0.0]}


def test_templates_in_the_course_s_own_modules_are_checked_too(
    runner: Runner, tmp_path: object
) -> None:
    path = tmp_path / "pages.py"  # type: ignore[operator]
    path.write_text("want = 7\ndef f(): pass\ndef page(t): return t.format(f=f)\n")
    result = marked(
        runner,
        "text = '{f.__globals__[want]}'",
        "import pages\nassert pages.page('{f.__name__}') == 'f'",
        "import pages\nassert pages.page(text) == '7'",
        public_files=(job_file(path),),
    )
    assert scores(result) == {"q1": [1.0, 0.0]}


OWN = {
    "code": "import textwrap\nspace = {}\nexec(textwrap.dedent('''\n    y = 3\n'''), space)\n"
    "assert eval('y + 1', space) == 4",
    "sympy": "import sympy\nx, y = sympy.symbols('x y')\n"
    "assert sympy.sympify('x**2 + sin(x)').diff(x) == 2 * x + sympy.cos(x)\n"
    "assert sympy.factor((x + y)**3 - 1) and sympy.solve(x**2 - 4, x) == [-2, 2]\n"
    "assert sympy.lambdify((x, y), sympy.sqrt(x) * y, 'numpy')(4.0, 2) == 4\n"
    "assert sympy.integrate(sympy.exp(-x**2), (x, 0, sympy.oo)) == sympy.sqrt(sympy.pi) / 2\n"
    "assert (3 * x - 5).subs(x, number) == 1 and sympy.expand(formula) == x**2 - 1",
    "pandas": "import pandas as pd\nt = pd.DataFrame({'a': [1, 2, 3]})\nleast = 1\n"
    "assert len(t.query('a > @least')) == 2 and t.eval('a.max()') == 3\n"
    "assert len(t.query(condition)) == 1 and len(t.query(f'a > {least}')) == 2",
    "classes": "import dataclasses, enum, typing, collections, functools\n"
    "P = collections.namedtuple('P', 'x y')\n"
    "@dataclasses.dataclass(order=True)\nclass C:\n    x: int\n    y: typing.List[int] = None\n"
    "class N(typing.NamedTuple):\n    a: int\nE = enum.Enum('E', 'RED BLUE')\n"
    "assert typing.get_type_hints(C)['x'] is int and C(1) < C(2) and P(1, 2).x == 1",
    "mocks": "from unittest import mock\ndef f(a, b=1): return a\n"
    "m = mock.create_autospec(f)\nm(1)\nassert m.called",
    "literals": "import ast\nassert ast.literal_eval(literal) == {'a': [1]}\n"
    "import json, re, string\nassert string.Template(dollars).substitute(x=1) == '1'",
    "templates": "assert template.format(name='Ann', n=2) == 'Ann: 02'\n"
    "own = '{0.real} {1[0]}'\nassert own.format(1, [2]) == '1 2'",
    "pages": "import jinja2\nassert jinja2.Template('Hi {{ name }}').render(name=template[:2]) == 'Hi {n'",
    "timeit": "import timeit\nassert timeit.timeit('1 + 1', number=1) > 0\n"
    "assert timeit.timeit(lambda: number, number=1) > 0",
    "scipy": "from scipy import stats, optimize\nassert stats.norm(0, 1).cdf(0) == 0.5\n"
    "class Own(stats.rv_continuous):\n    def _pdf(self, x): return 1.0\nown = Own(a=0, b=1)",
    "torch": "import torch\nfrom torch import fx\n"
    "class M(torch.nn.Module):\n    def forward(self, x): return x.relu() + 1\n"
    "assert fx.symbolic_trace(M())(torch.zeros(1)) == 1",
    "lazy imports": "import statistics, csv, html.parser, difflib, unittest\n"
    "assert statistics.mean([1, 3]) == 2",
}
HONEST = (
    "number = 2\nformula = 'x**2 - 1'\ncondition = 'a > 1 and a < 3'\n"
    "literal = \"{'a': [1]}\"\ndollars = '$x'\ntemplate = '{name}: {n:02d}'"
)


@pytest.mark.parametrize("check", OWN.values(), ids=OWN)
def test_the_tests_own_text_and_harmless_text_is_evaluated(
    runner: Runner, check: str
) -> None:
    result = marked(runner, HONEST, check)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]
    assert scores(result) == {"q1": [1.0]}
