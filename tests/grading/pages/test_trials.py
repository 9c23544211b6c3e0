"""The trial page shows the executed notebooks, with the cells that failed."""

import json
import re
from typing import Any

import pytest
from django.urls import reverse

from courses.models import AssignmentRevision
from grading.models import GradingRun, Trial
from grading.pages.failed_cells import MOST_SHOWN
from runner.protocol.check_pictures import Picture
from runner.protocol.check_reports import CheckReport
from tests.factories import (
    AssignmentFactory,
    QuestionFactory,
    QuestionResultFactory,
    TrialFactory,
    store_text,
)
from tests.grading.pages import Answer, signed_in, staff_of, student_of, words

pytestmark = pytest.mark.django_db


def cell(number: int, source: str, *, error: str = "") -> dict[str, Any]:
    raised = {
        "output_type": "error",
        "ename": error,
        "evalue": "no_such_module",
        "traceback": [f"\x1b[31m{error}\x1b[0m: no_such_module"],
    }
    return {
        "cell_type": "code",
        "metadata": {},
        "execution_count": number,
        "source": source,
        "outputs": [raised] if error else [],
    }


def ended(revision: AssignmentRevision, trial: Trial, *cells: Any) -> GradingRun:
    text = json.dumps(
        {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    )
    detail = {"cell": 1, "failed": 1, "ename": "ModuleNotFoundError"}
    run: GradingRun = TrialFactory.create(
        revision=revision,
        trial=trial,
        finished=True,
        verdict="student_error",
        code="cells_failed",
        detail=detail,
        executed_sha256=store_text(text)[0],
    )
    return run


@pytest.fixture
def revision() -> AssignmentRevision:
    found = AssignmentFactory.create().revision
    assert found is not None
    return found


def address(revision: AssignmentRevision, name: str = "trials", *more: str) -> str:
    assignment = revision.assignment
    args = [assignment.course.slug, assignment.slug, revision.number, *more]
    return reverse(f"grading:{name}", args=args)


def part(answer: Answer, trial: Trial) -> str:
    """Return the part of the page with the failed cells of a trial."""
    html = answer.content.decode()
    found = re.search(
        rf'<details[^>]* data-failed-cells="{trial.value}".*?</details>',
        html,
        re.DOTALL,
    )
    return found[0] if found else ""


def test_the_failing_cell_is_shown_with_its_number_and_its_error(
    revision: AssignmentRevision,
) -> None:
    bad = cell(2, "import no_such_module\nbase = 1", error="ModuleNotFoundError")
    ended(revision, Trial.SOLUTION, cell(1, "fine = 1"), bad)
    answer = signed_in(staff_of(revision.assignment)).get(address(revision))
    assert "Cell 2 import no_such_module base = 1" in words(answer)
    assert "ModuleNotFoundError: no_such_module" in words(answer)
    assert "fine" not in words(answer)
    assert part(answer, Trial.SOLUTION).partition(">")[0].endswith(" open")


def test_the_run_s_message_is_the_one_that_a_student_reads(
    revision: AssignmentRevision,
) -> None:
    ended(revision, Trial.SOLUTION, cell(1, "import x", error="ModuleNotFoundError"))
    answer = signed_in(staff_of(revision.assignment)).get(address(revision))
    assert "1 cell raised an error, the first in cell 1: ModuleNotFoundError" in words(
        answer
    )


def test_a_check_that_passed_says_so_once(revision: AssignmentRevision) -> None:
    question = QuestionFactory.create(revision=revision, key="passes")
    passed = {
        "name": question.checks[0]["name"],
        "score": 1.0,
        "points": "5",
        "message": "passed",
    }
    run = ended(revision, Trial.HANDOUT, cell(1, "fine = 1"))
    QuestionResultFactory.create(run=run, question=question, checks=[passed])
    answer = signed_in(staff_of(revision.assignment)).get(address(revision))
    found = {pair.key: pair for pair in answer.context["page"].questions}
    (pair,) = found["passes"].checks
    assert pair.handout.label == "Passed"
    assert pair.handout_message == ""


def test_pictures_of_a_check_are_named_with_what_hinders_them(
    revision: AssignmentRevision,
) -> None:
    report = CheckReport(
        pictures=(
            Picture(caption="A net", width=1, height=1, png="iVBORw0KGgoAAAA="),
            Picture(caption="Another", fault="its dtype is int64"),
        )
    )
    question = QuestionFactory.create(revision=revision, key="seen")
    run = ended(revision, Trial.SOLUTION, cell(1, "1"))
    check = {"name": question.checks[0]["name"], "score": 0, "points": "0"}
    QuestionResultFactory.create(
        run=run,
        question=question,
        checks=[{**check, "message": "returned False", "report": report.to_json()}],
    )
    said = words(signed_in(staff_of(revision.assignment)).get(address(revision)))
    assert "picture “A net”; picture “Another”, not shown: its dtype is int64" in said


def test_errors_of_the_hand_out_s_stubs_are_folded(
    revision: AssignmentRevision,
) -> None:
    ended(revision, Trial.HANDOUT, cell(1, "raise X", error="NotImplementedError"))
    answer = signed_in(staff_of(revision.assignment)).get(address(revision))
    assert not part(answer, Trial.HANDOUT).partition(">")[0].endswith(" open")
    assert part(answer, Trial.HANDOUT)


def test_of_many_failed_cells_a_few_are_shown(revision: AssignmentRevision) -> None:
    cells = [cell(n, "1/0", error="ZeroDivisionError") for n in range(1, 9)]
    ended(revision, Trial.SOLUTION, *cells)
    answer = signed_in(staff_of(revision.assignment)).get(address(revision))
    failures = answer.context["page"].views[0].failures
    assert (len(failures.cells), failures.count) == (MOST_SHOWN, 8)
    assert f"{8 - MOST_SHOWN} more. See the executed notebook" in words(answer)


def test_both_executed_notebooks_can_be_viewed_and_downloaded(
    revision: AssignmentRevision,
) -> None:
    for trial in Trial:
        ended(revision, trial, cell(1, f"name = '{trial.value}'"))
    client = signed_in(staff_of(revision.assignment))
    html = client.get(address(revision)).content.decode()
    for trial in Trial:
        for name in ("trial-notebook", "trial-file"):
            assert f'href="{address(revision, name, trial.value)}"' in html
        page = client.get(address(revision, "trial-notebook", trial.value))
        assert f"{trial.value}" in words(page)
        assert "sandbox" in page["Content-Security-Policy"]
        file = client.get(address(revision, "trial-file", trial.value))
        assert json.loads(file.getvalue())["cells"][0]["source"].endswith(
            f"'{trial.value}'"
        )


def test_output_of_cells_is_escaped(revision: AssignmentRevision) -> None:
    bad = cell(1, "'<script>a</script>'", error="<img src=x onerror=a()>")
    ended(revision, Trial.SOLUTION, bad)
    answer = signed_in(staff_of(revision.assignment)).get(address(revision))
    assert "<img src=x" not in answer.content.decode()
    assert "<script>a" not in answer.content.decode()


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": 3}'])
def test_an_unreadable_notebook_does_not_break_the_page(
    revision: AssignmentRevision, text: str
) -> None:
    run = ended(revision, Trial.SOLUTION)
    GradingRun.objects.filter(pk=run.pk).update(executed_sha256=store_text(text)[0])
    client = signed_in(staff_of(revision.assignment))
    assert client.get(address(revision)).status_code == 200
    page = client.get(address(revision, "trial-notebook", "solution"))
    assert "cannot be shown" in words(page)


def test_students_cannot_reach_the_executed_model_solution(
    revision: AssignmentRevision,
) -> None:
    ended(revision, Trial.SOLUTION, cell(1, "secret = 1"))
    client = signed_in(student_of(revision.assignment))
    for name in ("trial-notebook", "trial-file"):
        assert client.get(address(revision, name, "solution")).status_code == 403
