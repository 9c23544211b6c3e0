"""Tests that compare nothing, or run nothing: they do not pass."""

import pytest

from runner.host import Runner
from runner.protocol import CheckSpec, QuestionSpec, TestStyle
from tests.runner.notebooks import cell, job, messages, scores

pytestmark = pytest.mark.torch

IMPORTS = "import numpy as np, torch, pytest, unittest, doctest\n"
CHECK = cell("# softmark: check q1")


def found(
    runner: Runner, notebook: str, *checks: str, classes: tuple[str, ...] = ()
) -> tuple[list[float], list[str]]:
    """Return the scores and messages of scripts beside this notebook."""
    specs = (
        CheckSpec(name=f"c{n}", source=IMPORTS + one) for n, one in enumerate(checks)
    )
    asked = QuestionSpec(key="q1", style=TestStyle.SCRIPT, checks=tuple(specs))
    names = ("f", "g", "h", "t", *classes)
    result = runner.run(
        job(
            notebook,
            CHECK,
            questions=(asked,),
            defined_names=names,
            defined_classes=classes,
        )
    )
    return scores(result)["q1"], messages(result)


RAISES = "with pytest.raises(BadInput, match='negative'): f(-1)"
RAISING = "def f(x): raise ValueError('negative')\n"


@pytest.mark.parametrize(
    "value", ["None", "()", "0", "[]", "''", "{}", "False", "(int, float)"]
)
def test_a_value_in_the_place_of_a_class_is_none(runner: Runner, value: str) -> None:
    caught = f"try:\n    {RAISES}\nexcept Exception: pass"
    looked = "assert not isinstance(3, BadInput or int) or globals()['BadInput'] != 5"
    notebook = f"{RAISING}BadInput = {value}"
    got, words = found(runner, notebook, RAISES, caught, looked, classes=("BadInput",))
    assert (got, set(words)) == ([0.0] * 3, {"`BadInput` is no class"})


@pytest.mark.parametrize(
    "maker",
    [
        "class Box:\n    def __init__(self, x): self.x = x",
        """
def Box(x):
    import types
    return types.SimpleNamespace(x=x)
""",
        """
import functools
class B:
    def __init__(self, y, x): self.x = x
Box = functools.partial(B, 1)
""",
        "import collections\nBox = collections.namedtuple('Box', 'x')",
    ],
)
def test_what_makes_objects_may_stand_in_the_place_of_a_class(
    runner: Runner, maker: str
) -> None:
    assert found(runner, maker, "assert Box(3).x == 3", classes=("Box",))[0] == [1.0]


def test_an_exception_class_is_expected_by_its_name(runner: Runner) -> None:
    notebook = (
        "class BadInput(ValueError): pass\ndef f(x): raise BadInput('negative')\n"
    )
    assert found(runner, notebook, RAISES, classes=("BadInput",))[0] == [1.0]
