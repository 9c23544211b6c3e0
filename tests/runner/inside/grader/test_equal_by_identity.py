"""Compare two objects by `==`: by identity where a notebook does so, too."""

from typing import Final

import pytest

from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_NOTEBOOK: Final = """
from enum import Enum, Flag
class Color(Enum):
    RED, BLUE, ALSO_RED = 1, 'b', 1
class Right(Flag):
    READ, WRITE = 1, 2
class Plain:
    def same(self): return self
    def __sub__(self, other): return zero
class Own:
    def __eq__(self, other): return True
class OwnNe:
    def __ne__(self, other): return False
class OwnEnum(Enum):
    A, B = 1, 2
    def __eq__(self, other): return True
    def __hash__(self): return 1
class Meta(type):
    def __eq__(cls, other): return True
    __hash__ = type.__hash__
class Odd(metaclass=Meta): pass
zero, plain, own, own_ne, other_ne = Plain(), Plain(), Own(), OwnNe(), OwnNe()
def pick(): return Color.RED
def both(): return [Color.RED, Color.BLUE]
"""
_HOLDS: Final = (
    "assert pick() == Color.RED and not pick() != Color.ALSO_RED",
    "assert pick() != Color.BLUE and Color(1) == pick()",
    "assert Right.READ | Right.WRITE == Right.WRITE | Right.READ != Right.READ",
    "assert both() == list(Color) and {Color.RED: 1} == {pick(): 1}",
    "assert both().index(Color.BLUE) == 1 and pick() in (Color.BLUE, Color.RED)",
    "match pick():\n    case Color.BLUE: raise AssertionError\n    case Color.RED: pass",
    "import unittest\nunittest.TestCase().assertEqual(pick(), Color.RED)",
    "assert plain == plain.same() and plain != zero and Plain() != Plain()",
)
_FAILS: Final = (
    "assert pick() == Color.BLUE",
    "assert pick() != Color.RED",
    "assert both() == [Color.BLUE, Color.RED]",
    "assert Plain() == Plain()",
    # Python asks a class here, whose word would be the student's about the student's work.
    *("assert own == plain", "assert plain == own", "assert own == own"),
    *("assert OwnEnum.A == OwnEnum.B", "assert own_ne != other_ne"),
    *("assert Odd == Color", "assert Odd != Color"),
    # A value might be the one that is expected.
    *("assert pick() == 1", "assert pick() != 1", "assert 1 == pick()"),
    # The result of an operator by which people compare.
    *("assert plain - zero == zero", "assert plain - zero != plain"),
)


@pytest.mark.parametrize("test", _HOLDS)
def test_objects_without_equality_of_their_own_are_equal_if_they_are_one(
    test: str,
) -> None:
    found = tried(_NOTEBOOK, _NOTEBOOK, test)
    assert found.scores == (1.0,), found.errors


@pytest.mark.parametrize("test", _FAILS)
def test_no_class_decides_whether_its_objects_are_equal(test: str) -> None:
    assert tried(_NOTEBOOK, _NOTEBOOK, test).scores == (0.0,)
