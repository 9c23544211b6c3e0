"""Each usual mistake fails exactly the checks that are about it.

The model solution is changed in one place, and only the cells that the question needs
run. If a mistake failed no check, it would pass the tests.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from formats.assignment import read_bundle
from formats.assignment.notebook_cells import check_key, source_of
from runner.host.runner import Runner
from tests.examples.marking import EXAMPLE, handed_in, job_of

pytestmark = [pytest.mark.torch, pytest.mark.timeout(300), pytest.mark.long]


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A text of the model solution, its replacement, and the checks that this fails."""

    question: str
    right: str
    wrong: str
    costs: frozenset[str]


def mistake(question: str, right: str, wrong: str, *costs: str) -> Mistake:
    return Mistake(question=question, right=right, wrong=wrong, costs=frozenset(costs))


MISTAKES: Final = {
    "kernel flipped": mistake(
        "conv2d",
        "windows, weight)",
        "windows, weight.flip(2, 3))",
        *("values", "bias", "stride_and_padding", "dtype"),
    ),
    "bias ignored": mistake(
        "conv2d", "return result if bias is None", "return result if True", "bias"
    ),
    "bias along the wrong axis": mistake(
        "conv2d", "bias.view(1, kernels, 1, 1)", "bias.mean()", "bias"
    ),
    "stride ignored in one direction": mistake(
        "conv2d", "columns, stride)", "columns, 1)", "shape", "stride_and_padding"
    ),
    "padding on one side": mistake(
        "conv2d",
        "padded[:, :, padding : padding + height, padding : padding + width] = x",
        "padded[:, :, :height, :width] = x",
        "stride_and_padding",
    ),
    "padding of ones": mistake(
        "conv2d", "x.new_zeros(", "x.new_ones(", "stride_and_padding"
    ),
    "single precision": mistake(
        "conv2d",
        "count, channels, height, width = x.shape",
        "x = x.float(); "
        "weight = weight.float(); count, channels, height, width = x.shape",
        "dtype",
    ),
    "pooling by the mean": mistake(
        "max_pool", ".amax(", ".mean(", "values", "overlapping"
    ),
    "pooling from zero": mistake(
        "max_pool",
        "windows.amax(dim=(-2, -1))",
        "windows.amax(dim=(-2, -1)).relu()",
        "values",
    ),
    "pooling stride ignored": mistake(
        "max_pool",
        "if stride is None else stride",
        "if True else stride",
        "overlapping",
    ),
    "layer left as it was": mistake(
        "batchnorm",
        "        if self.training:",
        "        return x\n        if self.training:",
        *("training", "gamma_and_beta", "running_estimates", "evaluation"),
    ),
    "gamma ignored": mistake(
        "batchnorm", "scale = self.gamma /", "scale = 1 /", "gamma_and_beta"
    ),
    "beta ignored": mistake(
        "batchnorm", "shift = self.beta -", "shift = -", "gamma_and_beta"
    ),
    "gamma and beta added up": mistake(
        "batchnorm",
        "scale = self.gamma /",
        "scale = (self.gamma + self.beta) /",
        "gamma_and_beta",
    ),
    "one mean for all channels": mistake(
        "batchnorm",
        "mean = x.mean(dim=(0, 2, 3))",
        "mean = x.mean().expand(x.shape[1])",
        *("training", "gamma_and_beta", "running_estimates"),
    ),
    "unbiased variance in the result": mistake(
        "batchnorm", "unbiased=False", "unbiased=True", "training", "gamma_and_beta"
    ),
    "biased running variance": mistake(
        "batchnorm", "unbiased=True", "unbiased=False", "running_estimates"
    ),
    "momentum the other way round": mistake(
        "batchnorm",
        "(mean, self.momentum)",
        "(mean, 1 - self.momentum)",
        "running_estimates",
    ),
    "batch statistics in evaluation": mistake(
        "batchnorm", "if self.training:", "if True:", "evaluation"
    ),
    "running estimates in training": mistake(
        "batchnorm",
        "        scale = self",
        "        mean, variance = self.running_mean, self.running_var\n"
        "        scale = self",
        "training",
        "gamma_and_beta",
    ),
    "loss summed": mistake(
        "cross_entropy", ").mean()", ").sum()", "loss", "large_scores"
    ),
    "gradient of the sum": mistake(
        "cross_entropy", "gradient / count", "gradient", "gradient", "large_scores"
    ),
    "scores not shifted": mistake(
        "cross_entropy", " - scores.amax(dim=1, keepdim=True)", "", "large_scores"
    ),
    "gradient of the softmax only": mistake(
        "cross_entropy",
        "gradient[rows, labels] -= 1",
        "pass",
        "gradient",
        "large_scores",
    ),
    "too many parameters": mistake(
        "net", "32 * 2 * 2, 10)", "32 * 2 * 2, 100)", "shape", "size"
    ),
    "no normalisation": mistake(
        "net", "nn.BatchNorm2d(", "nn.InstanceNorm2d(", "layers"
    ),
}


def failed_checks(runner: Runner, question: str, right: str, wrong: str) -> set[str]:
    """Return the checks that a changed model solution does not pass in full."""
    spec = job_of(read_bundle(EXAMPLE), *handed_in("solution"))
    notebook = json.loads(spec.notebook)
    notebook["cells"] = [
        cell
        for cell in notebook["cells"]
        if cell["id"] in ("setup", question) or check_key(cell) == question
    ]
    for cell in notebook["cells"]:
        if cell["id"] == question:
            source = source_of(cell)
            assert right in source
            cell["source"] = source.replace(right, wrong)
    questions = tuple(q for q in spec.questions if q.key == question)
    result = runner.run(
        replace(spec, notebook=json.dumps(notebook), questions=questions)
    )
    (found,) = result.questions
    return {check.name for check in found.checks if check.score < 1}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_fails_the_checks_that_are_about_it(runner: Runner, name: str) -> None:
    entry = MISTAKES[name]
    failed = failed_checks(runner, entry.question, entry.right, entry.wrong)
    assert failed == entry.costs


def test_every_hidden_check_is_failed_by_some_mistake() -> None:
    costly = {
        (entry.question, cost) for entry in MISTAKES.values() for cost in entry.costs
    }
    by_shape_alone = {"shape", "names"}
    for path in sorted((Path(EXAMPLE) / "tests").glob("*.py")):
        question = path.stem
        if question in ("weights", "accuracy"):
            continue  # these are about files, in which the three submissions differ
        names = {
            check.name
            for entry in read_bundle(EXAMPLE).questions
            for check in entry.checks
            if entry.key == question
        }
        missed = names - {cost for key, cost in costly if key == question}
        assert missed <= by_shape_alone
