"""Entries in our own style: functions whose parameters are names of the notebook."""

from collections.abc import Mapping
from typing import Final

from tests.runner.proof.cells_files import functions
from tests.runner.proof.entries import Entry

ENTRIES: Final[Mapping[str, Entry]] = {
    "constants of the module": functions(
        "def bmi(kg, m):\n    return kg / m ** 2",
        ("m ** 2", "m"),
        '''
"""⟦'What the module is about'⟧"""
CASES = [(80.0, 2.0, ⟦20.0⟧), (50.0, 1.0, ⟦50.0⟧)]
TOLERANCE = ⟦0.001⟧
def values(bmi):
    """⟦'The values are right.'⟧"""
    return all(abs(bmi(kg, m) - expected) < TOLERANCE for kg, m, expected in CASES)
def kinds(bmi):
    assert isinstance(bmi(80, 2), float)
''',
        earns=(1.0, 1.0),
        loses=(0.0, 1.0),
    ),
    "a share of the points": functions(
        "def is_prime(n):\n    return n > 1 and all(n % d for d in range(2, n))",
        ("n > 1 and ", ""),
        """
EXPECTED = {0: False, 1: False, 2: True, 9: False, 11: True}
def share(is_prime):
    hits = sum(is_prime(n) == want for n, want in EXPECTED.items())
    return hits / len(EXPECTED)
""",
        loses=(0.6,),
    ),
    "helpers with defaults, closures and partials": functions(
        "def compose(*fs):\n    def run(x):\n        for f in reversed(fs):\n"
        "            x = f(x)\n        return x\n    return run",
        ("reversed(fs)", "fs"),
        """
import functools
def _expected(x, offset=⟦3⟧):
    return x * 2 + offset
_right = functools.partial(_expected, offset=1)
def _maker():
    hidden = ⟦'a closure keeps this'⟧
    def inner(x):
        assert hidden
        return x + 1
    return inner
def check(compose):
    run = compose(_maker(), lambda x: 2 * x)
    assert run(5) == _right(5)
""",
        earns=(0.0,),
        why="a test's function can be called only during the call that it was passed to",
    ),
    "several names and a return of False": functions(
        "def encode(s):\n    return [ord(c) for c in s]\n"
        "def decode(xs):\n    return ''.join(map(chr, xs))",
        ("map(chr, xs)", "map(str, xs)"),
        """
def round_trip(encode, decode):
    return decode(encode(⟦'x'⟧ and "hello")) == "hello"
def codes(encode):
    return encode("AB") == [65, ⟦66⟧]
""",
        earns=(1.0, 1.0),
        loses=(0.0, 1.0),
    ),
    "a class is built and used": functions(
        "class Counter:\n    def __init__(self, step=1):\n        self.n = 0\n"
        "        self.step = step\n    def __call__(self):\n        self.n += self.step\n"
        "        return self.n\n    @property\n    def done(self):\n"
        "        return self.n >= 10\n    @classmethod\n    def of(cls, step):\n"
        "        return cls(step)",
        ("self.n += self.step", "self.n += 1"),
        """
def check(Counter):
    c = Counter.of(5)
    assert [c(), c()] == [5, ⟦10⟧]
    assert c.done is True
    assert not Counter(1).done
""",
    ),
    "random inputs against numpy": functions(
        "import numpy as np\ndef cov(x, y):\n"
        "    return ((x - x.mean()) * (y - y.mean())).sum() / (len(x) - 1)",
        ("(len(x) - 1)", "len(x)"),
        """
import numpy as np
def check(cov):
    rng = np.random.default_rng(⟦5⟧)
    bank = rng.normal(size=100)
    for n in (3, 10, 30):
        x, y = np.random.randn(n), np.random.randn(n)
        assert np.isclose(cov(x, y), np.cov(x, y)[0, 1])
    assert bank.shape == (100,)
""",
    ),
    "linear algebra": functions(
        "import numpy as np\ndef solve(A, b):\n    return np.linalg.solve(A, b)",
        ("np.linalg.solve(A, b)", "b / A.diagonal()"),
        """
import numpy as np
A = np.array([[2.0, 1.0], [1.0, 3.0]])
SOLUTION = np.array([⟦1.0⟧, ⟦2.0⟧])
def residual(solve):
    x = solve(A, np.array([4.0, 7.0]))
    assert x.shape == (2,)
    assert np.linalg.norm(A @ x - np.array([4.0, 7.0])) < 1e-9
def value(solve):
    x = np.asarray(solve(A, np.array([4.0, 7.0])))
    return x.shape == (2,) and bool(np.allclose(x, SOLUTION))
""",
        earns=(1.0, 1.0),
        loses=(0.0, 0.0),
    ),
    "nested data": functions(
        "def tree(n):\n    return {'v': n, 'kids': [tree(n - 1)] * 2 if n else []}",
        ("'v': n", "'v': 0"),
        """
def _depth(t):
    return 1 + max(map(_depth, t["kids"]), default=0)
def check(tree):
    t = tree(3)
    assert _depth(t) == 4
    assert t["kids"][1]["kids"][0]["v"] == ⟦1⟧
""",
    ),
    "a helper class of the tests": functions(
        "def bisect(f, a, b):\n    while b - a > 1e-9:\n        m = (a + b) / 2\n"
        "        if f(a) * f(m) <= 0:\n            b = m\n        else:\n"
        "            a = m\n    return a",
        ("f(a) * f(m) <= 0", "f(a) * f(m) > 0"),
        """
class _Counted:
    secret = ⟦'an attribute of a class'⟧
    def __init__(self, f):
        self.f, self.calls = f, 0
    def __call__(self, x):
        self.calls += 1
        return self.f(x)
def root(bisect):
    f = _Counted(lambda x: x * x - 2)
    assert abs(bisect(f.__call__, 0.0, 2.0) - ⟦1.41421356⟧) < 1e-6
    assert 20 < f.calls < 500
""",
    ),
    "iterators of the tests are given": functions(
        "def take(n, xs):\n    out = []\n    for x in xs:\n        out.append(x)\n"
        "        if len(out) == n:\n            break\n    return out",
        ("== n", "== 1"),
        """
def lists(take):
    assert take(2, [5, 6, 7]) == [5, ⟦6⟧]
def half_consumed(take):
    numbers = iter([⟦'consumed'⟧, 8, 9])
    next(numbers)
    assert take(2, numbers) == [8, 9]
""",
        earns=(1.0, 1.0),
        loses=(0.0, 0.0),
    ),
    "keyword arguments": functions(
        "def pad(x, *, left=0, right=0, value=' '):\n"
        "    return value * left + x + value * right",
        ("value * right", "''"),
        "def check(pad):\n    assert pad('a', left=1, right=2, value='-') == '-a--'\n"
        "    assert pad('b') == ⟦'b'⟧",
    ),
    "errors of many kinds": functions(
        "def pick(d, k):\n    if not isinstance(d, dict):\n        raise TypeError('no')\n"
        "    return d[k]",
        ("raise TypeError('no')", "return None"),
        """
def _error(f, *given):
    try:
        f(*given)
    except (TypeError, KeyError) as error:
        return type(error).__mro__
    return ()
def type_error(pick):
    return TypeError in _error(pick, [1], 0)
def key_error(pick):
    return KeyError in _error(pick, {}, 'x')
""",
        earns=(1.0, 1.0),
        loses=(0.0, 1.0),
    ),
    "an error of the notebook's own class": functions(
        "class Empty(Exception):\n    pass\ndef first(xs):\n    if not xs:\n"
        "        raise Empty('nothing there')\n    return xs[0]",
        ("raise Empty('nothing there')", "return None"),
        """
def check(first):
    try:
        first([])
    except Exception as error:
        assert "nothing" in str(error)
        return True
    return False
""",
    ),
    "polynomial by a table of expected values": functions(
        "def poly(cs, x):\n    out = 0\n    for c in reversed(cs):\n"
        "        out = out * x + c\n    return out",
        ("reversed(cs)", "cs"),
        """
TABLE = {1: ⟦6⟧, 2: ⟦17⟧, 3: ⟦34⟧}
def check(poly):
    for x, want in TABLE.items():
        assert poly([1, 2, 3], x) == want
""",
    ),
}
