"""Numbers, texts and collections whose classes in the notebook have own operators."""

from typing import Final

import pytest

from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

# The class with a wrong operator, the right one, and a test that uses the operator.
_MADE: Final = {
    "float": (
        "class V(float):\n    def __add__(self, o): return V(float(self) {} float(o))",
        "-|+",
        "assert V(2) + V(3) == 5",
    ),
    "int": (
        "class V(int):\n    def __mul__(self, o): return V(int(self) * int(o) % {})",
        "10|24",
        "assert V(9) * V(5) == 21",
    ),
    "str": (
        "class V(str):\n    def __add__(self, o): return V(str({}) + '-' + str(o))",
        "o|self",
        "assert V('a') + V('b') == 'a-b'",
    ),
    "a sign": (
        "class V(float):\n    def __neg__(self): return V({}float(self))",
        "|-",
        "assert -V(2) == -2",
    ),
    "an item of a dict": (
        "class V(dict):\n    def __setitem__(self, k, v): dict.__setitem__(self, k, {})",
        "str(v)|v",
        "s = V()\ns['a'] = 1\nassert s['a'] == 1",
    ),
    "an item of a list": (
        "class V(list):\n    def __getitem__(self, i): return list.__getitem__(self, i{})",
        "|% len(self)",
        "assert V([1, 2])[3] == 2",
    ),
    "membership": (
        "class V(list):\n    def __contains__(self, x): return {}",
        "False|list.__contains__(self, -x)",
        "assert -2 in V([1, 2])",
    ),
}
# The operators of these are refused for all.
_REFUSED: Final = {
    "order of a named tuple": (
        (
            "from typing import NamedTuple\nclass V(NamedTuple):\n    r: int\n"
            "    def __lt__(self, o): return self.r > o.r"
        ),
        "assert V(2) < V(3)",
    ),
    "sorting": (
        "class V(tuple):\n    def __lt__(self, o): return str(self) < str(o)",
        "assert sorted([V((1, 9)), V((1, 10))])[0] == (1, 9)",
    ),
    "order of a list": (
        "class V(list):\n    def put(self): pass\n    def __lt__(self, o): return False",
        "assert V([1]) < V([2])",
    ),
    "an answer": (
        "class V(float):\n    def __add__(self, o): return 0\ndef f(x): return V(x)",
        "assert f(1) + f(2) == 3",
    ),
    "an answer's rounding": (
        "class V(float):\n    def __round__(self, n=0): return 0\ndef f(x): return V(x)",
        "assert round(f(1.26), 1) == 1.3",
    ),
    "an answer's method": (
        "class V(str):\n    def upper(self): return ''\ndef f(x): return V(x)",
        "assert f('a').upper() == 'A'",
    ),
    "an answer's item": (
        "class V(dict):\n    def __getitem__(self, k): return 0\ndef f(): return V(a=1)",
        "assert f()['a'] == 1",
    ),
    "a missing key": (
        "class V(dict):\n    def __missing__(self, k): return 0\ndef f(): return V(a=1)",
        "try: f()['b']\nexcept KeyError: pass",
    ),
    "a default": (
        (
            "from collections import defaultdict\nclass V: pass\n"
            "def f(): return defaultdict(lambda: 0, a=1)"
        ),
        "try: f()['b']\nexcept KeyError: pass",
    ),
}
_HONEST: Final = {
    "comparing": "assert f(2.0) == 2.0 and f(2.0) < 3 and str(f(2.0)) == '2.0'",
    "other operators": "assert f(2.0) * 2 == 4 and V(3) - 1 == 2 and abs(V(-1)) == 1",
    "given back": "assert g(f(2.0)) == 2.0 and g(V(2)) == 2",
    "in a container": "assert h() == [1.0, {'a': 2.0}] and isinstance(h()[0], float)",
    "one list": "a = rows()\nassert a[0] is a[1] and a == [[1], [1]]",
    "items": "r = rows()[0]\nassert list(r) == [1] and len(r) == 1 and r == [1]",
}
_NOTEBOOK: Final = """
class V(float):
    def __add__(self, o): return V(float(self) + float(o))
class Row(list):
    def __add__(self, o): return Row([a + b for a, b in zip(self, o)])
def f(x): return V(x)
def g(x): return float(x)
def h(): return [V(1), {'a': V(2)}]
def rows():
    row = Row([1])
    return [row, row]
"""


@pytest.mark.parametrize("name", _MADE)
def test_a_value_that_a_test_has_made_has_its_own_operators(name: str) -> None:
    notebook, forms, test = _MADE[name]
    wrong, right = (notebook.replace("{}", one) for one in forms.split("|"))
    assert tried(right, right, test).scores == (1.0,)
    assert tried(right, wrong, test).scores == (0.0,)


@pytest.mark.parametrize("name", _REFUSED)
def test_another_operator_of_its_own_is_refused(name: str) -> None:
    notebook, test = _REFUSED[name]
    assert tried(notebook, notebook, test).scores == (0.0,)


@pytest.mark.parametrize("test", _HONEST.values(), ids=_HONEST)
def test_all_else_is_done_with_the_value(test: str) -> None:
    assert tried(_NOTEBOOK, _NOTEBOOK, test).scores == (1.0,)


# A value of another class, and the test that takes its text for a plain value's.
_SHOWN: Final = {
    "repr of a float": "class V(float):\n    __repr__ = lambda self: 'x'",
    "text of an int": "class V(int):\n    __str__ = lambda self: 'x'",
    "format of an int": "class V(int):\n    __format__ = lambda self, form: 'x'",
    "repr of a list": "class V(list):\n    __repr__ = lambda self: 'x'",
    "text of a text": "class V(str):\n    __str__ = lambda self: 'x'",
    "a float of an enumeration": "import enum\nclass V(float, enum.Enum):\n    A = 2",
    "a large number of one": "import enum\nclass V(enum.IntEnum):\n    A = 2 ** 70",
}
_PLAIN: Final = {"float": "2.0", "int": "2", "list": "[2]", "str": "'2'"}


@pytest.mark.parametrize("name", _SHOWN)
def test_the_text_of_a_class_of_its_own_is_no_plain_value_s(name: str) -> None:
    base = next(one for one in _PLAIN if one in _SHOWN[name].replace("IntEnum", "int"))
    plain = "2 ** 70" if "70" in _SHOWN[name] else _PLAIN[base]
    made = "V.A" if "enum" in _SHOWN[name] else f"V({plain})"
    right = f"def f(): return {plain}"
    wrong = f"{_SHOWN[name]}\ndef f(): return {made}"
    test = (
        f"want = {plain}\nassert f() == want\n"
        "assert (repr(f()), str(f()), f'{f()}') == (repr(want), str(want), f'{want}')\n"
    )
    assert tried(right, right, test).scores == (1.0,)
    assert tried(right, wrong, test).scores == (0.0,)


def test_the_text_of_a_value_that_the_test_has_made_is_its_class_s() -> None:
    right = (
        "class V(float):\n    def __repr__(self): return f'{float(self):.2f} m'\n"
        "    def __format__(self, form): return float(self).__format__(form) + ' m'\n"
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n"
        "def p(): return P(1)\n"
    )
    test = (
        "assert (repr(V(2)), str(V(2)), f'{V(2):.1f}') == ('2.00 m', '2.00 m', '2.0 m')\n"
        "assert repr(p()) == repr(P(1)) == 'P(x=1)'\n"
    )
    assert tried(right, right, test).scores == (1.0,)
    assert tried(right, right.replace(".2f", ".3f"), test).scores == (0.0,)
