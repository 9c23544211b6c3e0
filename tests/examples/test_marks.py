"""Each example, run by the real runner, scores as its README says."""

from decimal import Decimal

import pytest

from runner.host.runner import Runner
from tests.examples.marking import EXPECTED, run_example

pytestmark = [pytest.mark.torch, pytest.mark.timeout(300)]


@pytest.mark.parametrize("name", EXPECTED)
def test_example_scores_as_its_readme_says(runner: Runner, name: str) -> None:
    result, points = run_example(runner, name)
    expected = EXPECTED[name]["points"].items()
    assert points == {key: Decimal(str(value)) for key, value in expected}
    assert result.verdict == EXPECTED[name]["verdict"]


def test_run_of_an_example_takes_few_cpu_seconds(runner: Runner) -> None:
    runner.warm_up()
    result, _ = run_example(runner, "good")
    # CPU seconds, so that a busy machine does not fail the test.
    assert result.measures.cpu_seconds < 10


def test_same_example_scores_the_same_twice(runner: Runner) -> None:
    first, second = (run_example(runner, "middling")[0] for _ in range(2))
    assert [q.checks for q in first.questions] == [q.checks for q in second.questions]
