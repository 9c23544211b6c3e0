"""Entries in Otter's two styles: interpreter sessions, and functions with cases."""

from collections.abc import Mapping
from typing import Any, Final

from runner.protocol.jobs import TestStyle
from tests.runner.proof.entries import Entry
from tests.runner.proof.files import npy, numbers


def doctest(right: str, wrong: tuple[str, str], tests: str, **more: Any) -> Entry:
    """Return an entry of interpreter sessions; `# %%` divides them."""
    return Entry(style=TestStyle.DOCTEST, right=right, wrong=wrong, tests=tests, **more)


def cases(right: str, wrong: tuple[str, str], tests: str, **more: Any) -> Entry:
    """Return an entry in Otter's exception format."""
    head = "from otter.test_files import test_case\nOK_FORMAT = False\nname = 'q1'\n"
    return Entry(
        style=TestStyle.CASES, right=right, wrong=wrong, tests=head + tests, **more
    )


TABLE: Final = """
class Table:
    def __init__(self, rows):
        self.rows = rows
    def where(self, city):
        return Table([row for row in self.rows if row[0] == city])
    def column(self, number):
        return [row[number] for row in self.rows]
table = Table([("Bath", 1), ("Ely", 2), ("Bath", 5)])
def total(table, city):
    return sum(table.where(city).column(1))
"""
QUEUE: Final = """
class Queue:
    def __init__(self):
        self.items = []
    def put(self, x):
        self.items.append(x)
    def get(self):
        return self.items.pop(0)
    def __repr__(self):
        return f"Queue({self.items})"
"""

DOCTESTS: Final[Mapping[str, Entry]] = {
    "values are printed": doctest(
        "def double(x):\n    return 2 * x",
        ("2 * x", "x * x"),
        ">>> double(3)\n⟦6⟧\n>>> double('ab')\n⟦'abab'⟧\n>>> [double(x) for x in (1, 2)]\n"
        "[2, 4]",
    ),
    "a session with state": doctest(
        "def step(x):\n    return x + 1",
        ("x + 1", "x + 2"),
        ">>> x = 0\n>>> hidden = ⟦'a name of the session'⟧\n>>> for _ in range(3):\n"
        "...     x = step(x)\n>>> x\n⟦3⟧\n>>> x == 3 and bool(hidden)\nTrue",
    ),
    "a function defined in the session": doctest(
        "def apply(f, x):\n    return f(x)",
        ("f(x)", "x"),
        ">>> def square(x, k=⟦0⟧):\n...     return x * x\n>>> apply(square, 4)\n⟦16⟧\n"
        ">>> apply(lambda x: x + 1, 4)\n⟦5⟧",
    ),
    "a reference defined in the session": doctest(
        "def area(r):\n    return 3.141592653589793 * r ** 2",
        ("r ** 2", "r"),
        ">>> import math\n>>> def reference(r):\n...     return math.pi * r * r\n"
        ">>> abs(area(2) - reference(2)) < 1e-9\nTrue",
    ),
    "a class of the notebook's": doctest(
        QUEUE,
        ("pop(0)", "pop()"),
        ">>> q = Queue()\n>>> q.put(1); q.put(2)\n>>> q\nQueue([1, 2])\n>>> q.get()\n"
        "⟦1⟧\n>>> len(q.items)\n1",
    ),
    "printed text": doctest(
        "def lines(n):\n    return [f'line {i}' for i in range(n)]",
        ("line {i}", "line{i}"),
        ">>> for one in lines(2):\n...     print(one)\nline 0\nline 1",
    ),
    "an exception is expected": doctest(
        "def root(x):\n    if x < 0:\n        raise ValueError('negative')\n"
        "    return x ** 0.5",
        ("raise ValueError('negative')", "return 0"),
        ">>> try:\n...     root(-1)\n... except ValueError:\n...     print('refused')\n"
        "refused\n>>> root(4)\n2.0",
    ),
    "a traceback is expected": doctest(
        "def root(x):\n    if x < 0:\n        raise ValueError('negative')\n"
        "    return x ** 0.5",
        ("'negative'", "'below'"),
        ">>> root(-1)\nTraceback (most recent call last):\nValueError: negative",
    ),
    "numpy's booleans and numbers": doctest(
        "import numpy as np\nxs = np.array([1.0, 2.0, 4.0])\nmean = xs.mean()",
        ("xs.mean()", "xs.sum()"),
        ">>> np.isclose(mean, ⟦2.3333333333⟧)\nTrue\n>>> xs.max()\n4.0\n"
        ">>> np.allclose(xs * 2, [2, 4, 8])\nTrue",
    ),
    "a table of the notebook's, and methods in a chain": doctest(
        TABLE,
        ("row[0] == city", "row[0] != city"),
        ">>> table.where('Bath').where('Bath').column(1)\n[1, ⟦5⟧]\n"
        ">>> total(table, 'Ely')\n⟦2⟧\n>>> len(table.rows)\n3",
    ),
    "several sessions, apart from each other": doctest(
        "numbers = [3, 1, 2]\ndef ordered(xs):\n    return sorted(xs)",
        ("sorted(xs)", "xs"),
        ">>> numbers.sort()\n>>> numbers\n[1, 2, 3]\n# %%\n>>> numbers\n[3, 1, 2]\n"
        ">>> ordered(numbers)\n[1, 2, 3]",
        earns=(1.0, 1.0),
        loses=(1.0, 0.0),
    ),
    "tensors": doctest(
        "import torch\ndef onehot(y, n):\n    return torch.eye(n)[y]",
        ("torch.eye(n)[y]", "torch.zeros(len(y), n)"),
        ">>> onehot(torch.tensor([1]), 3).tolist()\n[[0.0, ⟦1.0⟧, 0.0]]\n"
        ">>> tuple(onehot(torch.tensor([0, 2]), 3).shape)\n(2, 3)",
    ),
}

CASES: Final[Mapping[str, Entry]] = {
    "names as parameters": cases(
        "def double(x):\n    return 2 * x",
        ("2 * x", "x"),
        """
points = 2
@test_case(points=1, hidden=False, failure_message=⟦'not doubled'⟧)
def doubles(double):
    assert double(2) == ⟦4⟧
@test_case(points=1, hidden=True)
def zero(double):
    assert double(0) == ⟦0⟧
""",
        earns=(1.0, 1.0),
        loses=(0.0, 1.0),
    ),
    "everything through env": cases(
        "def double(x):\n    return 2 * x\nnumbers = [1, 2]",
        ("2 * x", "x"),
        """
@test_case()
def all_names(env):
    assert env["double"](4) == ⟦8⟧
    assert env["numbers"] == [1, 2]
    assert "missing" not in env
""",
    ),
    "libraries as parameters": cases(
        "import numpy as np\nx = np.arange(4)",
        ("arange(4)", "ones(4)"),
        """
import numpy
@test_case()
def value(x):
    assert numpy.allclose(x, [0, 1, 2, ⟦3⟧])
""",
    ),
    "a private file and a helper": cases(
        "def scale(x):\n    return x / x.max()",
        ("x.max()", "x.min()"),
        """
import numpy as np
KEPT = ⟦'a constant of the module'⟧
def _bank(private):
    return np.load(private / "bank.npy")
@test_case()
def highest(scale, private):
    bank = _bank(private)
    assert bank.shape == (30,)
    assert scale(np.array([1.0, 2.0, 4.0]))[-1] == ⟦1.0⟧
    assert scale(np.array([1.0, 2.0, 4.0]))[0] == 0.25
""",
        private={"bank.npy": npy(lambda salt: numbers(salt, 30))},
    ),
    "a class and its methods": cases(
        QUEUE,
        ("pop(0)", "pop()"),
        """
@test_case()
def order(Queue):
    q = Queue()
    for n in (1, 2, 3):
        q.put(n)
    assert [q.get(), q.get()] == [1, ⟦2⟧]
""",
    ),
    "a share is returned": cases(
        "def sign(x):\n    return (x > 0) - (x < 0)",
        ("- (x < 0)", ""),
        """
WANT = {-5: -1, 0: 0, 7: 1, -1: -1}
@test_case()
def share(sign):
    return sum(sign(x) == y for x, y in WANT.items()) / len(WANT)
""",
        loses=(0.5,),
    ),
    "random inputs and a reference": cases(
        "import torch\ndef relu(x):\n    return x * (x > 0)",
        ("(x > 0)", "(x > -1)"),
        """
import torch
def _reference(x):
    return x.clamp(min=0)
@test_case()
def same(relu):
    for _ in range(10):
        x = 3 * torch.randn(6)
        assert torch.allclose(relu(x), _reference(x))
""",
    ),
    "exceptions": cases(
        "def half(n):\n    if n % 2:\n        raise ValueError(n)\n    return n // 2",
        ("raise ValueError(n)", "pass"),
        """
@test_case()
def odd(half):
    try:
        half(3)
    except ValueError:
        return
    assert False, ⟦'no error'⟧
""",
    ),
}

ENTRIES: Final[Mapping[str, Entry]] = {**DOCTESTS, **CASES}
