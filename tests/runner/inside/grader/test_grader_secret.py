"""Tests draw their numbers from a secret of the run, never from the notebook's seed."""

import random
import statistics
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult
from tests.runner.notebooks import cell, job, question, scores, text

pytestmark = pytest.mark.torch

DRAWS = {
    "numpy": "import numpy as np\ndraw = lambda: np.random.randint(10**9)",
    "numpy's new way": "import numpy as np\n"
    "draw = lambda: int(np.random.default_rng().integers(10**9))",
    "python": "import random\ndraw = lambda: random.randrange(10**9)",
    "torch": "import torch\ndraw = lambda: int(torch.randint(10**9, ()))",
    "a generator of torch's": "import torch\ndraw = lambda: "
    "int(torch.randint(10**9, (), generator=torch.Generator(device='cpu')))",
    "a generator of numpy's": "import numpy as np\n"
    "draw = lambda: int(np.random.Generator(np.random.PCG64()).integers(10**9))",
    "numpy's old generator": "import numpy as np\n"
    "draw = lambda: np.random.RandomState().randint(10**9)",
    "the seed that torch tells": "import torch\ndraw = lambda: torch.initial_seed() % 10**9",
    "the seed that a generator tells": "import torch\n"
    "draw = lambda: torch.Generator().initial_seed() % 10**9",
    "what tests take for numpy's seed": "import numpy as np\n"
    "draw = lambda: int(np.random.get_state()[1][0]) % 10**9",
    "a generator of Python's": "import random\n"
    "draw = lambda: random.Random().randrange(10**9)",
}
CHECK = cell("# softmark: check q1")


def run(runner: Runner, lines: str, notebook: str, **changes: object) -> JobResult:
    """Run a check that passes if its test draws the number that the notebook drew."""
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
    """Not even if the notebook guesses how the secret is made: here it is the seed."""
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
    # One check's numbers do not reveal another's.
    assert once[0] != once[1]


def test_a_job_without_a_secret_makes_one(runner: Runner) -> None:
    lines = DRAWS["numpy"]
    assert drawn(runner, lines) != drawn(runner, lines)


def test_the_notebook_is_given_no_secret(runner: Runner) -> None:
    """The secret is neither in its memory nor in its folder."""
    secret = 7_219_384_655_123_457_811
    hunt = (
        "import gc, os\nfound = [one for one in gc.get_objects() if type(one) is dict "
        f"and {secret - 1} + 1 in one.values()]\nprint(found, dict(os.environ))"
    )
    result = runner.run(job(hunt, grading_seed=secret))
    assert text(result, 1).startswith("[]")


@pytest.fixture
def own_generators() -> Iterator[None]:
    """Restore this process's generators afterwards."""
    import torch  # noqa: PLC0415 - only where there is one

    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()
    yield
    random.setstate(kept[0])
    np.random.set_state(kept[1])
    torch.set_rng_state(kept[2])


def states(secret: int, *place: str) -> list[bytes]:
    """Return the full states of all generators made with this secret."""
    import torch  # noqa: PLC0415 - as above

    from runner.inside.grader.generators import Generators  # noqa: PLC0415 - it needs torch

    Generators(secret).start(*place)
    python = np.array(random.getstate()[1][:-1], dtype=np.uint32)
    numpy: Any = np.random.get_state()
    words = torch.get_rng_state().numpy()[24 : 24 + 624 * 8].view(np.uint64)
    return [one.tobytes() for one in (python, numpy[1], words.astype(np.uint32))]


@pytest.mark.usefixtures("own_generators")
def test_no_seed_of_32_bits_starts_a_generator() -> None:
    """After such seeding each word of the state follows from the one before."""
    for state in states(7, "q1", "c1"):
        words = np.frombuffer(state, dtype=np.uint32).astype(np.uint64)
        first = words[:-1] ^ (words[:-1] >> 30)
        place = np.arange(1, 624, dtype=np.uint64)
        follows = (1812433253 * first + place) % 2**32 == words[1:]
        assert follows.sum() < 4
    # Nor does one library's state reveal another's.
    assert len(set(states(7, "q1", "c1"))) == 3


@pytest.mark.usefixtures("own_generators")
def test_generators_depend_on_secret_question_and_check() -> None:
    once = states(7, "q1", "c1")
    assert states(7, "q1", "c1") == once
    for other in (states(8, "q1", "c1"), states(7, "q2", "c1"), states(7, "q1", "c2")):
        assert not set(other) & set(once)


@pytest.mark.usefixtures("own_generators")
def test_numbers_drawn_from_the_secret_have_the_usual_distribution() -> None:
    import torch  # noqa: PLC0415 - as above

    states(7, "q1")
    normal = torch.randn(10_000)
    assert abs(normal.mean()) < 0.05 > abs(normal.std() - 1)
    assert abs(statistics.fmean(torch.rand(10_000).tolist()) - 0.5) < 0.02
    assert torch.initial_seed() > 2**32  # it says nothing of what is drawn
