"""In a run tqdm's bars are text, whichever module of tqdm a notebook imports."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import Verdict
from tests.runner.notebooks import job

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    "start",
    [
        "from tqdm import tqdm",
        "from tqdm.auto import tqdm",
        "from tqdm.notebook import tqdm",
        "from tqdm import tqdm_notebook as tqdm",
        "from tqdm.notebook import tqdm_notebook as tqdm",
        "from tqdm.autonotebook import tqdm",
        "import tqdm.notebook\ntqdm = tqdm.notebook.tqdm",
    ],
)
def test_a_bar_is_text(runner: Runner, start: str) -> None:
    loop = "for _ in tqdm(range(3), desc='epoch'):\n    pass"
    result = runner.run(job(f"{start}\n{loop}"))
    assert result.verdict is Verdict.COMPLETED
    assert "epoch: 100%" in str(result.notebook)
    assert "widget" not in str(result.notebook)


def test_a_text_bar_accepts_the_arguments_of_a_widget_bar(runner: Runner) -> None:
    cells = (
        "from tqdm.notebook import tqdm, trange, tnrange",
        "bar = tqdm(total=2, display=True, ncols='80%', colour='green')",
        "bar.update(2)\nbar.set_postfix(loss=0.5)\nbar.close()",
        "assert list(trange(2, leave=False)) == list(tnrange(2)) == [0, 1]",
    )
    assert runner.run(job(*cells)).verdict is Verdict.COMPLETED


@pytest.mark.parametrize(
    "module", ["einops", "pandas", "sklearn.linear_model", "torchmetrics", "tqdm"]
)
def test_the_usual_packages_import_in_a_run(runner: Runner, module: str) -> None:
    assert runner.run(job(f"import {module}")).verdict is Verdict.COMPLETED
