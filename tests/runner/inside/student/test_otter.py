"""A notebook written for Otter runs where Otter is not installed."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import Outcome, Verdict
from tests.runner.notebooks import job, question

pytestmark = pytest.mark.torch

# As in the hand-outs of the course that we model: Otter first, then other imports.
START = """
try:
    from google.colab import drive
    drive.mount("/content/drive/")
    import otter
    grader = otter.Notebook("/content/work.ipynb", tests_dir="/content/tests")
    import numpy as np
except:
    import otter
    grader = otter.Notebook("work.ipynb")
    import numpy as np
"""


def test_lines_below_the_import_of_otter_run(runner: Runner) -> None:
    tests = question("q1", "def check(low): assert low(2.5) == 2")
    result = runner.run(
        job(
            START,
            "def low(x): return np.floor(x)",
            'grader.check("q1")',
            "grader.check_all()\ngrader.export('work.ipynb', pdf=False)",
            questions=(tests,),
        )
    )
    assert result.verdict is Verdict.COMPLETED
    assert result.questions[0].outcome is Outcome.PASSED


def test_a_module_named_otter_beside_the_notebook_comes_first(runner: Runner) -> None:
    write = "open('otter.py', 'w').write('mine = 1')"
    result = runner.run(job(write, "import otter\nassert otter.mine == 1"))
    assert result.verdict is Verdict.COMPLETED
