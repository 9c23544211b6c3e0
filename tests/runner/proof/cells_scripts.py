"""Entries in nbgrader's style: assertions, helpers, loops, exceptions, points."""

from collections.abc import Mapping
from typing import Final

from tests.runner.proof.cells_mocks import script
from tests.runner.proof.entries import Entry

SOFTMAX: Final = """
import numpy as np
def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()
"""
STACK: Final = """
class Stack:
    def __init__(self):
        self._items = []
    def push(self, x):
        self._items.append(x)
    def pop(self):
        return self._items.pop()
    def __len__(self):
        return len(self._items)
    def __iter__(self):
        return iter(self._items[::-1])
    def __getitem__(self, i):
        return self._items[i]
    def __repr__(self):
        return f"Stack({self._items})"
"""
VECTOR: Final = """
class Vector:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)
    def __mul__(self, k):
        return Vector(self.x * k, self.y * k)
    def __neg__(self):
        return self * -1
    def norm(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5
"""

ENTRIES: Final[Mapping[str, Entry]] = {
    "plain assertions with words": script(
        "def double(x):\n    return 2 * x",
        ("2 * x", "x + 2"),
        "assert double(2) == ⟦4⟧, ⟦'twice two'⟧\n"
        "assert double(21) == ⟦42⟧\nassert double('ab') == ⟦'abab'⟧",
    ),
    "a helper defined in the test": script(
        "def fib(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n"
        "    return a",
        ("a, b = b, a + b", "a, b = b, a + 1"),
        '''
def expect(n, value):
    """⟦'A docstring of a helper'⟧"""
    found = fib(n)
    assert found == value, f"fib({n}) is {found}"
for n, value in enumerate([0, 1, 1, 2, 3, 5, ⟦8⟧, ⟦13⟧]):
    expect(n, value)
''',
    ),
    "a reference function, random inputs": script(
        SOFTMAX,
        ("e / e.sum()", "e / e.max()"),
        """
import numpy as np
def reference_softmax(x, shift=⟦0.5⟧):
    e = np.exp(x - np.max(x) - shift)
    return e / e.sum()
for _ in range(20):
    x = np.random.randn(7)
    assert np.allclose(softmax(x), reference_softmax(x))
""",
    ),
    "a reference function of the same name": script(
        SOFTMAX,
        ("e / e.sum()", "e / 2"),
        """
import numpy as np
theirs = softmax
def softmax(x):
    e = np.exp(x)
    return e / e.sum()
x = np.linspace(-1, 1, 5)
assert np.allclose(theirs(x), softmax(x))
""",
    ),
    "loops like hypothesis, with a shrinking message": script(
        "def mysort(xs):\n    return sorted(xs)",
        ("sorted(xs)", "list(xs)"),
        """
import random
def cases(n):
    for _ in range(n):
        yield [random.randint(-99, 99) for _ in range(random.randint(2, 20))]
worst = None
for case in cases(50):
    if mysort(list(case)) != sorted(case) and (not worst or len(case) < len(worst)):
        worst = case
assert worst is None, f"{⟦'smallest failing case'⟧}: {worst}"
""",
    ),
    "an exception is expected": script(
        "def squares(n):\n    if n < 1:\n        raise ValueError('too small')\n"
        "    return [i * i for i in range(1, n + 1)]",
        ("raise ValueError('too small')", "return []"),
        """
for bad in (0, -4):
    try:
        squares(bad)
    except ValueError as error:
        assert "small" in str(error)
    else:
        raise AssertionError(⟦"did not raise"⟧)
""",
    ),
    "exceptions expected as pytest.raises does": script(
        "class Account:\n    def __init__(self):\n        self.balance = 0\n"
        "    def withdraw(self, x):\n        if x > self.balance:\n"
        "            raise ValueError('insufficient funds')\n        self.balance -= x",
        ("raise ValueError('insufficient funds')", "raise TypeError('no')"),
        """
class raises:
    def __init__(self, kind):
        self.kind = kind
    def __enter__(self):
        return self
    def __exit__(self, kind, value, trace):
        assert kind is not None and issubclass(kind, self.kind), ⟦"not raised"⟧
        return True
with raises(ValueError):
    Account().withdraw(10)
""",
    ),
    "numpy's own comparisons": script(
        "import numpy as np\ndef standardise(X):\n"
        "    return (X - X.mean(axis=0)) / X.std(axis=0)",
        ("X.std(axis=0)", "X.var(axis=0)"),
        """
import numpy as np
X = np.arange(12.0).reshape(4, 3) ** 2
Z = standardise(X)
np.testing.assert_allclose(Z.mean(axis=0), ⟦0.0⟧, atol=1e-9)
np.testing.assert_array_almost_equal(Z.std(axis=0), np.ones(3))
assert Z.shape == (4, 3) and Z.dtype == np.float64
""",
    ),
    "a score in points at the end": script(
        "def double(x):\n    return 2 * x\ndef half(x):\n    return x / 2",
        ("return x / 2", "return x"),
        """
score = 0
if double(4) == ⟦8⟧:
    score += 1.5
if half(4) == ⟦2⟧:
    score += 0.5
score
""",
        loses=(0.75,),
        worth=2.0,
    ),
    "sets and dictionaries": script(
        "def count(words):\n    found = {}\n    for word in words:\n"
        "        found[word] = found.get(word, 0) + 1\n    return found\n"
        "def unique(words):\n    return set(words)",
        ("found.get(word, 0) + 1", "1"),
        """
found = count(["a", "b", "a"])
assert found == {"a": ⟦2⟧, "b": 1}
assert set(found) == unique(["a", "b", "a"])
assert sorted(found.items())[-1] == ("b", 1)
assert "c" not in found and len(found) == 2
""",
    ),
    "a class with operators": script(
        VECTOR,
        ("self.y + other.y", "self.y"),
        """
v = Vector(1, 2) + Vector(3, 4) * 2
assert (v.x, v.y) == (⟦7⟧, ⟦10⟧)
assert abs((-Vector(3, 4)).norm() - ⟦5.0⟧) < 1e-12
""",
    ),
    "a class with __len__, __iter__ and __repr__": script(
        STACK,
        ("self._items[::-1]", "self._items"),
        """
s = Stack()
for x in (1, 2, 3):
    s.push(x)
assert len(s) == 3
assert list(s) == [3, 2, 1]
assert s[0] == ⟦1⟧
assert s.pop() == ⟦3⟧ and len(s) == 2
assert repr(s) == "Stack([1, 2])"
""",
    ),
    "a generator, item by item": script(
        "def primes():\n    n = 2\n    while True:\n"
        "        if all(n % d for d in range(2, n)):\n            yield n\n"
        "        n += 1",
        ("range(2, n)", "range(2, 3)"),
        """
from itertools import islice
g = primes()
assert next(g) == ⟦2⟧
assert list(islice(g, 4)) == [3, 5, 7, ⟦11⟧]
assert [p for p, _ in zip(primes(), range(3))] == [2, 3, 5]
""",
    ),
    "a generator that ends": script(
        "def countdown(n):\n    while n:\n        yield n\n        n -= 1",
        ("while n:", "while n > 1:"),
        """
assert list(countdown(3)) == [3, 2, 1]
g = countdown(1)
assert next(g) == 1
try:
    next(g)
except StopIteration:
    pass
else:
    raise AssertionError(⟦"goes on"⟧)
assert sum(countdown(4)) == ⟦10⟧
""",
    ),
    "all and any over calls": script(
        "def is_even(n):\n    return n % 2 == 0",
        ("n % 2 == 0", "n % 2 == 1"),
        "assert all(is_even(n) for n in range(0, 20, 2))\n"
        "assert not any(map(is_even, range(1, 20, 2)))\n"
        "assert list(filter(is_even, range(6))) == [0, 2, 4]",
    ),
    "named tuples and dataclasses of the notebook": script(
        "from collections import namedtuple\nfrom dataclasses import dataclass\n"
        "Point = namedtuple('Point', 'x y')\n@dataclass\nclass Box:\n    a: float\n"
        "    b: float = 2.0\n    def area(self):\n        return self.a * self.b\n"
        "def centre(box):\n    return Point(box.a / 2, box.b / 2)",
        ("box.a / 2", "box.a"),
        """
box = Box(3.0)
assert box.area() == ⟦6.0⟧ and box.b == 2.0
assert centre(box) == (1.5, 1.0)
x, y = centre(box)
assert x == ⟦1.5⟧
""",
    ),
    "the test's own dataclass holds what it expects": script(
        "def solve(a, b, c):\n    d = (b * b - 4 * a * c) ** 0.5\n"
        "    return (-b - d) / (2 * a), (-b + d) / (2 * a)",
        ("(-b + d)", "(b + d)"),
        """
from dataclasses import dataclass
@dataclass
class Case:
    given: tuple
    expected: tuple
    words: str = ⟦"a case"⟧
for case in [Case((1, -3, 2), (1.0, ⟦2.0⟧)), Case((2, 0, -8), (-2.0, 2.0))]:
    assert solve(*case.given) == case.expected, case.words
""",
    ),
    "mutable arguments are changed in place": script(
        "def shuffle_out(xs):\n    xs.append(0)\n    return xs",
        ("xs.append(0)", "xs = xs + [1]"),
        "xs = [1, 2]\nassert shuffle_out(xs) == [1, 2, ⟦0⟧]\nassert xs == [1, 2, 0]",
        earns=(0.0,),
        why="arguments cross by value: what is done to them there is not seen here",
    ),
    "variables of the notebook": script(
        "import math\narea = math.pi * 3 ** 2\nnames = ['ann', 'bo']\n"
        "lengths = {n: len(n) for n in names}",
        ("3 ** 2", "3"),
        "assert abs(area - ⟦28.274333882308138⟧) < 1e-9\n"
        "assert lengths == {'ann': 3, 'bo': ⟦2⟧}\nassert isinstance(names, list)",
    ),
    "several checks of one question": script(
        "def double(x):\n    return 2 * x\ndef triple(x):\n    return 3 * x",
        ("3 * x", "x + x"),
        "assert double(3) == ⟦6⟧\n# %%\nassert triple(3) == ⟦9⟧\n"
        "# %%\nassert triple(double(1)) == ⟦6⟧",
        earns=(1.0, 1.0, 1.0),
        loses=(1.0, 0.0, 0.0),
    ),
    "names of exercises beside built-in ones": script(
        "def mean(xs):\n    return sum(xs) / len(xs)\ndef rng(xs):\n"
        "    return max(xs) - min(xs)",
        ("max(xs) - min(xs)", "max(xs)"),
        "import statistics\nxs = [1, 2, 6]\n"
        "assert mean(xs) == statistics.mean(xs)\nassert rng(xs) == max(xs) - min(xs)",
    ),
    "matplotlib is not looked at": script(
        "import matplotlib.pyplot as plt\ndef plot(xs):\n    fig, ax = plt.subplots()\n"
        "    ax.plot(xs)\n    ax.set_title('A line')\n    return ax",
        ("'A line'", "''"),
        "ax = plot([1, 2, 3])\nassert ax.get_title() == ⟦'A line'⟧",
    ),
    "a string report": script(
        "def report(rows):\n    return '\\n'.join(f'{n:>5}|{v:.2f}' for n, v in rows)",
        (":.2f", ":.1f"),
        "import re\nout = report([('a', 1), ('bb', 2.5)])\n"
        "assert out.splitlines()[1] == ⟦'   bb|2.50'⟧\n"
        "assert re.match(r' +a\\|1\\.00', out)",
    ),
    "recursion and caches": script(
        "from functools import lru_cache\n@lru_cache(None)\ndef ways(n):\n"
        "    return 1 if n < 2 else ways(n - 1) + ways(n - 2)",
        ("n < 2", "n < 3"),
        "assert ways(30) == ⟦1346269⟧\nassert [ways(n) for n in range(4)] == [1, 1, 2, 3]",
    ),
    "complex numbers, bytes and big integers": script(
        "def power(z, n):\n    return z ** n\ndef tail(b):\n    return b[-2:]",
        ("b[-2:]", "b[:2]"),
        "assert power(1j, 2) == -1\nassert power(2, 200) == 1 << 200\n"
        "assert tail(b'abcd') == b'cd'",
    ),
}
