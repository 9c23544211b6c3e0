"""Entries whose tests replace or remove names of the notebook, and call it."""

from collections.abc import Mapping
from typing import Any, Final

from runner.protocol.jobs import TestStyle
from tests.runner.proof.entries import Entry


def script(right: str, wrong: tuple[str, str], tests: str, **more: Any) -> Entry:
    """Return an entry in nbgrader's style; `# %%` divides its checks."""
    return Entry(style=TestStyle.SCRIPT, right=right, wrong=wrong, tests=tests, **more)


SQUARES: Final = """
def squares(n):
    return [i ** 2 for i in range(1, n + 1)]
def sum_of_squares(n):
    return sum(squares(n))
"""
INLINE: Final = ("sum(squares(n))", "sum(i ** 2 for i in range(1, n + 1))")
CALLS_BACK: Final = """
def integrate(f, a, b, n=1000):
    h = (b - a) / n
    return h * sum(f(a + (i + 0.5) * h) for i in range(n))
"""

ENTRIES: Final[Mapping[str, Entry]] = {
    "del the helper that must be used": script(
        SQUARES,
        INLINE,
        '''
"""sum_of_squares relies on squares."""
kept = squares
del squares
try:
    sum_of_squares(1)
except NameError:
    pass
else:
    raise AssertionError(⟦"does not use squares"⟧)
finally:
    squares = kept
assert sum_of_squares(3) == ⟦14⟧
''',
    ),
    "a stand-in that raises": script(
        SQUARES,
        INLINE,
        """
kept = squares
def squares(n):
    raise RuntimeError("called")
try:
    sum_of_squares(2)
except RuntimeError:
    was_called = True
else:
    was_called = False
squares = kept
assert was_called, ⟦"squares is not called"⟧
""",
    ),
    "a stand-in of one constant": script(
        SQUARES,
        INLINE,
        """
squares = lambda n: [1, 1]
assert sum_of_squares(50) == ⟦2⟧
""",
        earns=(0.0,),
        why="a stand-in may raise, or return nothing: a value in it would tell the notebook",
    ),
    "a stand-in that counts its calls": script(
        SQUARES,
        INLINE,
        """
calls = []
def squares(n):
    calls.append(n)
    return [n]
assert sum_of_squares(6) == 6
assert calls == [6]
""",
        earns=(0.0,),
        why="a stand-in may raise, or return nothing: a value in it would tell the notebook",
    ),
    "mock.patch with a function that raises": script(
        SQUARES,
        INLINE,
        """
from unittest import mock
def forbidden(*_):
    raise RuntimeError("not allowed")
@mock.patch("__main__.squares", forbidden)
def check():
    try:
        sum_of_squares(1)
    except RuntimeError:
        return
    raise AssertionError(⟦"squares is not used"⟧)
check()
assert sum_of_squares(2) == ⟦5⟧
""",
    ),
    "a mock that records its calls": script(
        SQUARES,
        INLINE,
        """
from unittest import mock
squares = mock.Mock()
try:
    sum_of_squares(4)
except TypeError:
    pass
squares.assert_called_once_with(4)
""",
    ),
    "mock.patch with a return value": script(
        SQUARES,
        INLINE,
        """
from unittest import mock
with mock.patch("__main__.squares", return_value=[3, 4]) as mocked:
    assert sum_of_squares(9) == 7
mocked.assert_called_once_with(9)
""",
        earns=(0.0,),
        why="a stand-in may raise, or return nothing: a value in it would tell the notebook",
    ),
    "mock.patch.object with side_effect": script(
        SQUARES,
        INLINE,
        """
import __main__
from unittest import mock
with mock.patch.object(__main__, "squares", side_effect=KeyError("gone")):
    try:
        sum_of_squares(1)
    except Exception:
        pass
    else:
        raise AssertionError(⟦"no use of squares"⟧)
""",
    ),
    "mock.patch of a name that the notebook lacks": script(
        SQUARES,
        ("i ** 2", "i"),
        """
from unittest import mock
try:
    with mock.patch("__main__.cubes"):
        pass
except AttributeError:
    pass
assert squares(3) == [1, 4, ⟦9⟧]
""",
    ),
    "a library's function as a stand-in": script(
        "import numpy as np\ndef norm(x):\n    return np.abs(x).sum()\n"
        "def unit(x):\n    return x / norm(x)",
        ("x / norm(x)", "x / np.abs(x).sum()"),
        """
norm = np.linalg.norm
assert np.isclose(np.linalg.norm(unit(np.array([3.0, 4.0]))), ⟦1.0⟧)
""",
        earns=(0.0,),
        why="a stand-in may raise, or return nothing: a value in it would tell the notebook",
    ),
    "data of the tests does not replace the notebook's": script(
        "factor = 3\ndef scaled(x):\n    return factor * x",
        ("factor * x", "x"),
        "factor = 100\nassert scaled(2) == ⟦6⟧",
    ),
    "a class of the tests replaces the notebook's": script(
        "class Die:\n    def roll(self):\n        return 4\n"
        "def twice():\n    die = Die()\n    return die.roll() + die.roll()",
        ("die.roll() + die.roll()", "8"),
        """
class Die:
    def roll(self):
        return 6
assert twice() == 12
""",
        earns=(0.0,),
        why="an object of a test's own class does not cross, so none can be made there",
    ),
    "input is patched": script(
        "def ask():\n    return int(input('a number: '))",
        ("int(", "str("),
        """
from unittest import mock
with mock.patch("builtins.input", return_value="5"):
    assert ask() == 5
""",
        needs_jail=True,
    ),
    "a callback is called": script(
        CALLS_BACK,
        ("a + (i + 0.5) * h", "a"),
        """
import math
assert abs(integrate(math.sin, 0, math.pi) - ⟦2.0⟧) < 1e-4
assert abs(integrate(lambda x: 3 * x ** 2, 0, 2) - ⟦8.0⟧) < 1e-3
""",
    ),
    "a callback with a closure counts its calls": script(
        "def memoise(f):\n    seen = {}\n    def inner(x):\n        if x not in seen:\n"
        "            seen[x] = f(x)\n        return seen[x]\n    return inner",
        ("if x not in seen", "if True"),
        """
def counting():
    calls = []
    def slow(x):
        calls.append(x)
        return x + 1
    return slow, calls
slow, calls = counting()
fast = memoise(slow)
assert [fast(2), fast(2), fast(3)] == [3, 3, 4]
assert calls == [2, 3]
""",
        earns=(0.0,),
        why="a test's function can be called only during the call that it was passed to",
    ),
    "a callback that raises": script(
        "def safely(f, default):\n    try:\n        return f()\n"
        "    except Exception:\n        return default",
        ("    except Exception:\n        return default", "    finally:\n        pass"),
        """
def broken():
    raise ValueError(⟦"its words stay here"⟧)
assert safely(broken, 7) == 7
assert safely(lambda: 8, 7) == 8
""",
    ),
    "a decorator of the notebook's": script(
        "import functools\ndef trace(f):\n    @functools.wraps(f)\n"
        "    def inner(*args):\n        inner.calls += 1\n        return f(*args)\n"
        "    inner.calls = 0\n    return inner",
        ("inner.calls += 1", "pass"),
        """
@trace
def add(a, b):
    return a + b
assert add(1, 2) == 3
assert add(3, 4) == 7
assert add.calls == 2
""",
        earns=(0.0,),
        why="a test's function can be called only during the call that it was passed to",
    ),
    "the tests keep the name while they replace it": script(
        "def base(x):\n    return x + 1\ndef derived(x):\n    return base(base(x))",
        ("base(base(x))", "x + 2"),
        """
original = base
def base(x):
    return original(x) + 10
assert derived(0) == 22
base = original
assert derived(0) == 2
""",
        earns=(0.0,),
        why="a stand-in may raise, or return nothing: a value in it would tell the notebook",
    ),
    "mocks as arguments": script(
        "def notify(sender, people):\n    for one in people:\n        sender(one)\n"
        "    return len(people)",
        ("sender(one)", "pass"),
        """
from unittest import mock
sender = mock.Mock(return_value=None)
assert notify(sender, ["ann", "bo"]) == 2
assert sender.call_count == 2
sender.assert_any_call("bo")
""",
    ),
}
