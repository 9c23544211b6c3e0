"""An assertion that is evaluated again takes no time of the question's."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import Limits
from tests.runner.notebooks import marked

pytestmark = pytest.mark.torch

IN_PLACE = "def ordered(a): a.sort(); return a"
SLOW = """
import time
def reference(a):
    time.sleep(1.2)
    return sorted(a)
a = [3, 1, 2]; out = ordered(a)
assert out == reference(a)
"""


def test_a_slow_assertion_is_evaluated_again_in_a_time_of_its_own(
    runner: Runner,
) -> None:
    limits = Limits(question_seconds=2)
    result = marked(runner, IN_PLACE, SLOW, limits=limits)
    assert [one.message for one in result.questions[0].checks] == ["passed"]


def test_that_time_is_bounded(runner: Runner) -> None:
    limits = Limits(question_seconds=2)
    endless = SLOW.replace("1.2", "0.2 if a[0] == 3 else 99")
    result = marked(runner, IN_PLACE, endless, limits=limits)
    assert [one.message for one in result.questions[0].checks] == ["out of time"]
