"""Warnings of the student's code, copies of its objects, and `inspect` of them."""

import copy
import inspect
import unittest
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from runner.host.runner import Runner
from runner.inside.grader import inspection, replayed_output
from runner.protocol.jobs import TestStyle
from runner.wire.link import MAX_WARNINGS
from tests.runner.inside.grader.test_test_styles import own, run
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch

NOTEBOOK = """
import torch, warnings
warnings.filterwarnings("ignore")
def old(x):
    warnings.warn("use new", DeprecationWarning)
    return x
def quiet(x): return x
def scale(x): return (x - x.mean()) / x.std()
def count(n): yield from range(n)
async def fetch(): return 1
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
        self.notes = []
    def forward(self, x): return self.layer(x)
def train(net):
    with torch.no_grad(): net.layer.weight.add_(1)
net = Net()
"""
HONEST = {
    "recorded": "import warnings\nwith warnings.catch_warnings(record=True) as heard:\n"
    "    warnings.simplefilter('always')\n    assert old(3) == 3\n"
    "assert len(heard) == 1 and issubclass(heard[0].category, DeprecationWarning)\n"
    "assert 'new' in str(heard[0].message)",
    "expected": "import unittest\nwith unittest.TestCase().assertWarns(DeprecationWarning):"
    "\n    old(3)",
    "none": "import warnings\nwith warnings.catch_warnings():\n"
    "    warnings.simplefilter('error')\n    assert quiet(3) == 3",
    "not listened to": "assert old(3) == 3",
    "a copy of a network": "import copy, torch\nbefore = copy.deepcopy(net)\ntrain(net)\n"
    "assert before is not net\n"
    "assert not torch.equal(before.layer.weight, net.layer.weight)",
    "a shallow copy": "import copy\nother = copy.copy(net)\n"
    "assert other is not net and other.layer is net.layer",
    "kinds": "import inspect\nassert inspect.isgenerator(count(2))\n"
    "assert inspect.isgeneratorfunction(count) and inspect.isfunction(quiet)\n"
    "assert not inspect.isgenerator([1]) and not inspect.isgeneratorfunction(quiet)\n"
    "assert inspect.iscoroutinefunction(fetch) and not inspect.isfunction(net)",
}


@pytest.mark.parametrize("source", HONEST.values(), ids=HONEST)
def test_warnings_and_copies_work_as_in_a_notebook(runner: Runner, source: str) -> None:
    result = run(runner, own(TestStyle.SCRIPT, source), NOTEBOOK)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


WRONG = {
    "no warning": "import unittest\n"
    "with unittest.TestCase().assertWarns(Warning):\n    quiet(3)",
    "a warning that is an error": "import warnings, numpy as np\n"
    "with warnings.catch_warnings():\n    warnings.simplefilter('error')\n"
    "    scale(np.zeros(3))",
    "no generator": "import inspect\nassert inspect.isgenerator(quiet([1, 2]))",
    "untrained": "import copy, torch\nbefore = copy.deepcopy(net)\nquiet(net)\n"
    "assert not torch.equal(before.layer.weight, net.layer.weight)",
}


@pytest.mark.parametrize("source", WRONG.values(), ids=WRONG)
def test_warnings_of_wrong_work_are_seen(runner: Runner, source: str) -> None:
    result = run(runner, own(TestStyle.SCRIPT, source), NOTEBOOK)
    assert [one.score for one in result.questions[0].checks] == [0.0]


@pytest.mark.parametrize(
    "found",
    [
        *(None, "text", [["UserWarning", "x", True]] * (MAX_WARNINGS + 1)),
        *([["SystemExit", "x", True]], [["print", "x", True]], [["UserWarning", 1, 2]]),
        [["no such", "x", True]],
    ],
)
def test_a_warning_that_is_not_valid_is_dropped(found: Any) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        replayed_output.warn(found)
    assert told == []


def test_many_warnings_are_reported_in_part() -> None:
    def noisy() -> None:
        for number in range(10 * MAX_WARNINGS):
            warnings.warn(f"{number}" * 1000, UserWarning, stacklevel=1)

    with student_with({"noisy": noisy}) as student:
        noisy_there = student.name("noisy")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            noisy_there()
    assert len(told) == MAX_WARNINGS
    assert max(len(str(one.message)) for one in told) <= 500


@pytest.fixture
def taken_over() -> Iterator[None]:
    """Restore this process's own functions after the test."""
    kept = dict(vars(inspect)), copy.copy
    inspection.install()
    yield
    vars(inspect).update(kept[0])
    vars(copy)["copy"] = kept[1]


class Odd:
    """An object whose copies are not objects."""

    def __deepcopy__(self, _: object) -> int:
        return 5


def test_a_copy_is_an_object_and_not_a_value() -> None:
    with (
        student_with({"odd": Odd()}) as student,
        pytest.raises(TypeError, match=r"copy of .* is not an object"),
    ):
        copy.deepcopy(student.name("odd"))


@pytest.mark.usefixtures("taken_over")
def test_an_object_has_only_the_copy_methods_of_its_class() -> None:
    with student_with({"thing": unittest.TestCase()}) as student:
        thing = student.name("thing")
        assert not hasattr(thing, "__deepcopy__")
        assert not hasattr(thing, "__copy__")
        assert copy.deepcopy([thing, thing])[0] is not thing
        assert not inspect.isfunction(thing)
