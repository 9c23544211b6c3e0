"""Tests that are left out of a module leave nothing but empty lines."""

from formats.assignment import without_tests

MODULE = """\
import math

def _near(a, b):
    return abs(a - b) < 1e-9

def check_open(f):
    assert _near(f(1), 1)

@decorated("x")
def check_hidden(f):
    assert f(2) == 4, "secret"

def check_used(f):
    return f(3) == 9

def check_uses(f):
    return check_used(f)
"""


def test_a_left_out_test_is_gone_and_lines_keep_their_numbers() -> None:
    found = without_tests(MODULE, {"check_hidden"})
    assert "secret" not in found
    assert "decorated" not in found
    lines, before = found.splitlines(), MODULE.splitlines()
    assert len(lines) == len(before)
    assert all(line in ("", old) for line, old in zip(lines, before, strict=True))


def test_a_test_that_other_code_uses_stays() -> None:
    assert "def check_used" in without_tests(MODULE, {"check_used"})
    found = without_tests(MODULE, {"check_used", "check_uses"})
    assert "check_used" not in found
    by_name = 'def a(f):\n    pass\n\nRUN = globals()["a"]\n'
    assert without_tests(by_name, {"a"}) == by_name


def test_nothing_is_left_out_without_names() -> None:
    assert without_tests(MODULE, set()) == MODULE
