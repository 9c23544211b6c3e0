"""Tests that only a notebook with the expected values can pass.

`{n}` is a secret number, `{m}` another, `{f}` a float, `{t}` text, `{a}` an array of
three secrets. A test with a weakness of its own has no place here: an empty array is
close to everything, so tests check shapes first. A difference of two results is zero
for `Net = bool`, so tests compare it with a secret.
"""

import ast
import random
import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

from runner.protocol.jobs import TestStyle

_ARRAY: Final = "import numpy as np\nimport torch\nexpected = {a}\n"

SCRIPTS: Final[Sequence[str]] = (
    "assert f(2) == {n}",
    "assert {n} == x",
    "assert [f(i) for i in range(3)] == [{n}, {m}, 1]",
    "assert len(x) == 3\nfor a, b in zip(x, [{n}, {m}, {n}]):\n    assert a == b",
    "assert len(x) == 1\nassert all(a == {n} for a in x)",
    "assert len(x) == 3\nassert not any(a != b for a, b in zip(x, [{n}, {m}, {n}]))",
    "assert len(x) == 3\nassert [a for a in x if a != {n}] == []",
    "assert len(x) == 3 and x[0] == x[1]\nfor a in x:\n    assert a == {n}",
    "assert sum(1 for a in x if a == {n}) == 1",
    "assert all(map(lambda i: f(i) == {n} + i, range(3)))",
    "assert not list(filter(lambda i: f(i) != {n} * i, (5, 7)))",
    "assert max(map(lambda i: abs(f(i) - {n} * i), (5, 7)), default=0) < 1",
    "for i, got in zip((1, 2), map(f, (1, 2))):\n    assert got == {n} * i",
    "def each():\n    for i in range(3):\n        yield f(i) == {n}\nassert all(each())",
    "for a in f(3):\n    assert a == {n}\nassert f(3)[0] == {n}",
    "assert list(map(f, range(2))) == [{n}, {m}]",
    "hits = list(filter(lambda i: f(i) == {n} + i, range(4)))\nassert len(hits) == 4",
    "try: got = f(1)\nexcept Net: got = 0\nassert got == {n}",
    "try:\n    assert f(1) == {n}\nexcept Net:\n    assert f(2) == {m}",
    "import pytest\nwith pytest.raises(Net) as found: f(1)\nassert found.value.code == {n}",
    "try:\n    f(1)\nexcept Net as e:\n    assert e.args == ({n},)\nelse:\n    assert False",
    "assert Net(1) == [{n}] and Net(2)",
    "v = Net(1)\nassert {n} in v and len(v) == 1",
    "assert Net(1) * Net(2) == {n}",
    "assert abs(Net({m}) - Net(2) - {n}) < 1e-9",
    "with Net(1) as v: assert v.name == {t}",
    (
        "import contextlib, io\nout = io.StringIO()\n"
        "with contextlib.redirect_stdout(out): f(1)\nassert out.getvalue() == {t} + '\\n'"
    ),
    (
        "from unittest import mock\nwith mock.patch('builtins.print') as p: f(1)\n"
        "p.assert_called_once_with({n})"
    ),
    (
        "from unittest import mock\n"
        "with mock.patch('builtins.input', side_effect=['1', '2']): assert f(1) == {n}"
    ),
    "assert 'x' in globals() and x == {n}",
    "assert sorted(x) == [{n}]",
    "assert set(x) == {{ {n} }}",
    "assert {n} in x",
    "assert x[0] == {n} and x['a'] == {m}",
    "assert x[2] is not None\nassert all(a == {n} for a in x)\nassert len(x) == 3",
    "assert [a == b for a, b in zip(x, x[1:])] == [True] and {n} in list(x)",
    "o = Net(1)\nassert o[{n}] == {m}",
    "assert list(reversed(x)) == [{n}, {m}] or f(1)[{m}] == {n}",
    "o = Net(1)\no += {n}\nassert o == {m} or o.k == {n}",
    "x[0] = {n}\nassert x[0] == {m}",
    "assert type(f(1)) is type(x) and f(1).k == {n}",
    "assert dict(x)['a'] == {n}",
    "assert str(x) == {t}",
    "assert repr(x) == {t}",
    "assert x.name == {t}",
    "assert abs(x - {f}) < 1e-6",
    "assert abs({f} - x) < 1e-6",
    "import math\nassert math.isclose(x, {f})",
    "assert round(x, 3) == round({f}, 3)",
    "assert max(x, key=lambda a: a == {n}) == {n}",
    "assert min(x, {n}) == {n} and max(x, {n}) == {n}",
    (
        "kept = f\ndel f\ntry:\n    g(1)\nexcept NameError:\n    pass\n"
        "finally:\n    f = kept\nassert g(1) == {n}"
    ),
    "def f(a):\n    return a + {n}\nassert g(1) == {n} + 1",
    (
        "from unittest import mock\nwith mock.patch('__main__.f', return_value={n}):\n"
        "    assert g(1) == {n}\nassert h(2) == {m}"
    ),
    (
        "def reference(a, k={n}):\n    return a * k\nfor a in (3, 5, 7):\n"
        "    assert f(a) == reference(a)"
    ),
    (
        "score = 0\nfor a in range(4):\n    if f(a) == {n} * a + {m}:\n        score += 0.25\n"
        "score"
    ),
    "f(3) == {n}",
    "got = []\nf(got.append)\nassert got == [{n}]",
    (
        "calls = []\ndef back(a):\n    calls.append(a)\n    return {n}\nf(back)\n"
        "assert {m} in calls"
    ),
    "items = iter(x)\nassert next(items) == {n}\nassert next(items) == {m}",
    (
        "try:\n    f(0)\nexcept ValueError as error:\n    assert str(error) == {t}\n"
        "else:\n    raise AssertionError"
    ),
    "a, b = x\nassert (a, b) == ({n}, {m})",
    "match x:\n    case [{n}]:\n        pass\n    case _:\n        raise AssertionError",
    "o = Net(3)\no.k = {n}\nassert o.double() == 2 * {n}",
    "class Mine(Net):\n    pass\nassert Mine().value() == {n}",
    "import copy\nassert copy.deepcopy(x) == {n}",
    "import json\nassert json.dumps(x) == json.dumps([{n}])",
    "from operator import eq\nassert eq(x, {n}) and eq({m}, y)",
    "with x as entered:\n    assert entered == {n}\nassert {n} == entered",
    "assert isinstance(x, int) and x - {n} == 0",
    "assert not (x != {n})",
    "from softmark import expect\nexpect(f(2), {n})",
    "import softmark\nsoftmark.expect(x, [{n}, {m}], message='Two numbers.')",
    "from softmark import metric\nmetric('x', abs(x - {f}), at_most=1e-6)",
    "assert x <= {n} and x >= {n}",
    "assert f'{{x}}' == {t}",
    "assert hash(x) == hash(({n}, {m}))",
    "assert bytes(x) == {t}.encode()",
    (
        "found = 0\nwhile True:\n    try:\n        assert f(found) == {n}\n        break\n"
        "    except ValueError:\n        found += 1\n        assert found < 9"
    ),
)
ARRAYS: Final[Sequence[str]] = (
    "assert np.shape(x) == (3,) and np.allclose(x, expected)",
    "from softmark import expect\nexpect(x, expected, tolerance=1e-6)",
    "got = np.asarray(f(1))\nassert got.shape == (3,)\nassert (got == expected).all()",
    "np.testing.assert_allclose(np.reshape(x, 3), expected)",
    "assert x.shape == (3,)\nassert np.array_equal(x, expected)",
    "t = torch.from_numpy(expected)\nassert torch.equal(f(t * 0), t)",
    "t = torch.from_numpy(expected)\nassert x.shape == t.shape and torch.allclose(x, t)",
    "assert isinstance(x, torch.Tensor) and x.tolist() == expected.tolist()",
    "assert float(np.sum(x)) == float(np.sum(expected))",
    "assert np.linalg.norm(np.reshape(x, 3) - expected) < 1e-6",
    (
        "net = Net()\nassert isinstance(net, torch.nn.Module)\n"
        "total = sum(p.sum().item() for p in net.parameters())\nassert total == expected.sum()"
    ),
    (
        "loss = torch.nn.functional.mse_loss(f(torch.zeros(3)), torch.from_numpy(expected))\n"
        "assert loss.shape == () and loss.item() < 1e-9"
    ),
    "assert len(x) == 3\nassert max(abs(a - b) for a, b in zip(x, expected)) < 1e-6",
)
SESSIONS: Final[Sequence[str]] = (
    ">>> f(3)\n{n}",
    ">>> x\n{n}",
    ">>> x\n{t}",
    ">>> print(x)\n{n}",
    ">>> f(3) == {n}\nTrue",
    ">>> for a in x:\n...     print(a)\n{n}\n{m}",
    ">>> [f(a) for a in (1, 2)]\n[{n}, {m}]",
    ">>> f(3)\nTraceback (most recent call last):\nValueError: {n}",
    ">>> y = f(2)\n>>> y.name\n{t}\n>>> abs(y - {n}) < 1e-9\nTrue",
    ">>> import numpy as np\n>>> np.isclose(x, {f})\nTrue",
    ">>> str(x)\n{t}",
    ">>> len(x), list(x)\n(2, [{n}, {m}])",
)
# An object passes these if its contradictions are not noticed.
NOT_YET: Final[Sequence[str]] = (
    "assert x[2] is not None\nassert all(a == {n} for a in x)",
    "assert x[2] is not None and len(x) == 0",
    "assert x.shape == expected.shape\nassert np.allclose(x, expected)",
)
TARGETS: Final[Mapping[TestStyle, Sequence[str]]] = {
    TestStyle.SCRIPT: (*SCRIPTS, *(_ARRAY + one for one in ARRAYS)),
    TestStyle.DOCTEST: SESSIONS,
    TestStyle.FUNCTIONS: (*SCRIPTS, *ARRAYS),
    TestStyle.CASES: (*SCRIPTS, *ARRAYS),
}
_NAMES: Final = frozenset(("f", "x", "g", "h", "y", "Net"))


def sources_of(style: TestStyle) -> list[str]:
    """Return the tests of that style, each with places for its secrets.

    A function cannot remove a name of the notebook, so tests that do so are left out.
    """
    replacing = ("del f", "def f(", "__main__")
    if style.has_sections:
        return list(TARGETS[style])
    return [one for one in TARGETS[style] if not any(word in one for word in replacing)]


def filled(source: str, style: TestStyle, seed: int) -> str:
    """Return the test with secrets that are unknown without the seed."""
    secrets = random.Random(f"secrets {seed}")  # noqa: S311 - reproducible
    numbers = [secrets.getrandbits(61) for _ in range(2)]
    floats = [secrets.uniform(1e3, 1e9) for _ in range(4)]
    words = {
        "n": str(numbers[0]),
        "m": str(numbers[1]),
        "f": repr(floats[0]),
        "t": repr(f"kestrel{numbers[0]:x}"),
        "a": f"np.array({floats[1:]})",
    }
    text = source.format(**words)
    if style.has_sections:
        return text
    head = _ARRAY.format(**words)
    if style is TestStyle.CASES:
        head += "from otter.test_files import test_case\n@test_case()\n"
    return head + _as_function(text)


def _as_function(source: str) -> str:
    """Return a piece of code as a function of the notebook's names that it uses."""
    tree = ast.parse(source)
    last = tree.body[-1]
    if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Call):
        tree.body[-1] = ast.Return(last.value)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    body = textwrap.indent(ast.unparse(ast.fix_missing_locations(tree)), "    ")
    return f"def check({', '.join(sorted(used & _NAMES))}):\n{body}\n"
