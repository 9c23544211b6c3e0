"""The numbers that tests draw: from a secret of the run, never from the notebook's."""

import pytest

from runner.host import Runner
from runner.protocol import JobResult
from tests.runner.notebooks import cell, job, question, scores, text

pytestmark = pytest.mark.torch

DRAWS = {
    "numpy": "import numpy as np\ndraw = lambda: np.random.randint(10**9)",
    "numpy's new way": "import numpy as np\n"
    "draw = lambda: int(np.random.default_rng().integers(10**9))",
    "python": "import random\ndraw = lambda: random.randrange(10**9)",
    "torch": "import torch\ndraw = lambda: int(torch.randint(10**9, ()))",
}
CHECK = cell("# softmark: check q1")


def run(runner: Runner, lines: str, notebook: str, **changes: object) -> JobResult:
    """Run a check that passes if it draws what the notebook has drawn."""
    source = (
        f"{lines}\ndef check(answer):\n    return draw() == answer\n"
        f"def check_again(answer):\n    return draw() == answer\n"
    )
    spec = job(notebook, CHECK, questions=(question("q1", source),), **changes)
    return runner.run(spec)


@pytest.mark.parametrize("lines", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("secret", [0, 7, 1234])
def test_a_notebook_draws_nothing_that_its_tests_draw(
    runner: Runner, lines: str, secret: int
) -> None:
    """Not even if it guesses how the secret is chosen: here it is the seed itself."""
    seeded = f"{lines}\nanswer = draw()\nprint(answer)"
    result = run(runner, lines, seeded, seed=1234, grading_seed=secret)
    assert scores(result) == {"q1": [0.0, 0.0]}


SHARE = "draw() / 10**9"


def drawn(runner: Runner, lines: str, **changes: object) -> list[float]:
    """Return the numbers that two checks of a job draw, as their scores."""
    source = (
        f"{lines}\ndef check():\n    return {SHARE}\n"
        f"def check_again():\n    return {SHARE}\n"
    )
    spec = job("1", CHECK, questions=(question("q1", source),), **changes)
    return scores(runner.run(spec))["q1"]


@pytest.mark.parametrize("lines", DRAWS.values(), ids=DRAWS)
def test_the_same_secret_draws_the_same_numbers(runner: Runner, lines: str) -> None:
    once = drawn(runner, lines, grading_seed=5)
    assert drawn(runner, lines, grading_seed=5, seed=9) == once
    assert drawn(runner, lines, grading_seed=6) != once
    # One check's draws do not tell of another's.
    assert once[0] != once[1]


def test_a_job_without_a_secret_draws_one(runner: Runner) -> None:
    lines = DRAWS["numpy"]
    assert drawn(runner, lines) != drawn(runner, lines)


def test_the_notebook_is_given_no_secret(runner: Runner) -> None:
    """Neither its memory nor its folder holds it."""
    secret = 7_219_384_655_123_457_811
    hunt = (
        "import gc, os\nfound = [one for one in gc.get_objects() if type(one) is dict "
        f"and {secret - 1} + 1 in one.values()]\nprint(found, dict(os.environ))"
    )
    result = runner.run(job(hunt, grading_seed=secret))
    assert text(result, 1).startswith("[]")
