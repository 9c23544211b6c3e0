"""Students read and see nothing of a check before the check may be shown."""

from decimal import Decimal
from typing import Final

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment, Question
from grading.models import GradingRun
from grading.scoring import CheckResult
from runner.protocol.check_pictures import Picture
from runner.protocol.check_reports import CheckReport, Difference, Metric
from tests.factories import (
    AssignmentFactory,
    MarkFactory,
    hours,
    small_notebook,
    store_text,
)
from tests.grading.pages import (
    add_question,
    finished_run,
    signed_in,
    staff_of,
    student_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

CANARIES: Final = (
    *("canary_name", "canary_description", "canary_message", "canary_failure"),
    *("canary_words", "canary_expected", "canary_found", "canary_place"),
    *("canary_metric", "canary_unit", "canary_bound"),
    *("canary_caption", "iVBORw0KGgocanary", "canary_fault"),
)
_REPORT: Final = CheckReport(
    message="canary_words",
    expected="canary_expected",
    found="canary_found",
    differences=(Difference(place="canary_place", expected="1", found="2"),),
    metrics=(
        Metric(
            name="canary_metric", value="1", unit="canary_unit", bound="canary_bound"
        ),
    ),
    pictures=(
        Picture(caption="canary_caption", width=1, height=1, png=CANARIES[-2]),
        Picture(caption="Another", fault="canary_fault"),
    ),
)
_API: Final = ("assignments/", "courses/", "marks/", "runs/", "submissions/")


def run_with_canaries(visibility: str) -> GradingRun:
    """Return a run whose second question has a canary in every text of its check."""
    assignment = AssignmentFactory.create()
    question = add_question(assignment, visibility)
    (check,) = question.checks
    words = {"description": CANARIES[1], "failure": CANARIES[3]}
    named = {**check, "name": CANARIES[0], **words}
    Question.objects.filter(pk=question.pk).update(checks=[named])
    executed, _ = store_text(small_notebook("# softmark: check secret\nanswer"))
    run = finished_run(
        assignment, student_of(assignment), secret=0, executed_sha256=executed
    )
    found = CheckResult(
        name=CANARIES[0],
        score=0.5,
        points=Decimal("1.5"),
        message=CANARIES[2],
        report=_REPORT,
    ).to_json()
    run.results.filter(question=question).update(checks=[found], points=Decimal("1.5"))
    MarkFactory.create(run=run)
    return run


def canaries_seen_by(user: User, run: GradingRun) -> set[str]:
    """Return the canaries in all pages and answers about the run and its assignment."""
    client = signed_in(user)
    assignment = run.work.assignment
    paths = [
        assignment.get_absolute_url(),
        run.get_absolute_url(),
        f"{run.get_absolute_url()}status/",
        f"{run.get_absolute_url()}executed/",
        run.work.get_absolute_url(),
        reverse("gradebook:marks", args=[assignment.course.slug]),
        f"/api/v1/assignments/{assignment.pk}/",
        f"/api/v1/runs/{run.pk}/",
        f"/api/v1/submissions/{run.work_id}/",
        *(f"/api/v1/{name}" for name in _API),
    ]
    answers = [client.get(path) for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    if user == run.work.author:
        # The file is not there before the release.
        names = [assignment.course.slug, assignment.slug]
        pages = ("grading:feedback", "grading:feedback-file")
        answers += [client.get(reverse(page, args=names)) for page in pages]
    text = "".join(answer.content.decode() for answer in answers)
    return {canary for canary in CANARIES if canary in text}


@pytest.mark.parametrize("visibility", ["after_deadline", "after_release", "never"])
def test_no_text_of_a_hidden_check_is_shown_before_its_time(visibility: str) -> None:
    run = run_with_canaries(visibility)
    assert not canaries_seen_by(run.work.author, run)


def test_a_never_shown_check_s_text_is_hidden_after_release() -> None:
    run = run_with_canaries("never")
    Assignment.objects.update(due_at=hours(-2), marks_released_at=hours(-1))
    assert not canaries_seen_by(run.work.author, run)


@pytest.mark.parametrize("visibility", ["after_deadline", "after_release"])
def test_a_hidden_check_s_text_is_shown_at_its_time(visibility: str) -> None:
    run = run_with_canaries(visibility)
    Assignment.objects.update(due_at=hours(-2), marks_released_at=hours(-1))
    assert canaries_seen_by(run.work.author, run) == set(CANARIES)


def test_staff_read_the_text_of_every_check_at_once() -> None:
    run = run_with_canaries("never")
    assert canaries_seen_by(staff_of(run.work.assignment), run) == set(CANARIES)
