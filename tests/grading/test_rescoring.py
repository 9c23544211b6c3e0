"""A re-score gives other points for stored outcomes, runs nothing, and is recorded."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment, AssignmentRevision
from courses.services.revisions import derive_revision
from formats.choices import Counting
from grading.models import GradingRun, Mark, MarkChange
from grading.scoring import rules_of
from grading.services import (
    RescorePlan,
    RescoreRefusedError,
    plan_rescore,
    recompute_mark,
    rerun,
    rescore,
)
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    RevisionFactory,
)
from tests.grading.pages import add_question, finished_run, student_of

pytestmark = pytest.mark.django_db
NewPoints = dict[str, dict[str, Decimal]]
HALF: NewPoints = {"secret": {"check_secret": Decimal("1.5")}}


@pytest.fixture
def assignment() -> Assignment:
    """Give an assignment with 2 points for the answer, 3 for the harder question."""
    made = AssignmentFactory.create()
    add_question(made, "always")
    return made


def marked(assignment: Assignment, *, secret: float = 1.0) -> GradingRun:
    """Return a student with the answer, and `secret` in the harder question."""
    student = student_of(assignment)
    points = Decimal(2) + 3 * Decimal(str(secret))
    run = finished_run(assignment, student, secret=secret, automatic_points=points)
    recompute_mark(actor=SYSTEM, assignment=assignment, student=student, reason="x")
    return run


def derived(assignment: Assignment, points: NewPoints = HALF) -> AssignmentRevision:
    assert assignment.revision is not None
    return derive_revision(actor=SYSTEM, revision=assignment.revision, points=points)


def plan(assignment: Assignment, revision: AssignmentRevision) -> RescorePlan:
    rules = [rules_of(question) for question in revision.questions.all()]
    return plan_rescore(assignment=assignment, rules=rules, revision=revision)


def lecturer_of(assignment: Assignment) -> User:
    lecturer: User = EnrolmentFactory.create(
        course=assignment.course, lecturer=True
    ).user
    return lecturer


def apply(assignment: Assignment, revision: AssignmentRevision, actor: User) -> int:
    return rescore(
        actor=actor,
        assignment=assignment,
        revision=revision,
        reason="Question 2 was worth too much.",
        digest=plan(assignment, revision).digest,
    )


def test_preview_shows_old_and_new_marks_and_writes_nothing(
    assignment: Assignment,
) -> None:
    run = marked(assignment)
    (row,) = plan(assignment, derived(assignment)).rows
    assert (row.student, row.before, row.after) == (
        run.work.author,
        Decimal(5),
        Decimal("3.5"),
    )
    assert GradingRun.objects.get() == run
    assert MarkChange.objects.count() == 1


def test_a_confirmed_re_score_changes_marks_and_records_who_and_why(
    assignment: Assignment,
) -> None:
    run, lecturer = marked(assignment), lecturer_of(assignment)
    assert apply(assignment, derived(assignment), lecturer) == 1
    mark = Mark.objects.get()
    assert mark.final_points == Decimal("3.5")
    change = mark.changes.first()
    assert change is not None
    assert (change.actor, change.before, change.after, change.reason) == (
        lecturer,
        Decimal(5),
        Decimal("3.5"),
        "Question 2 was worth too much.",
    )
    run.refresh_from_db()
    assert run.automatic_points == Decimal(5)
    assert mark.run is not None
    assert mark.run.copied_from == run


def test_a_re_score_executes_nothing(assignment: Assignment) -> None:
    marked(assignment)
    apply(assignment, derived(assignment), lecturer_of(assignment))
    assert not GradingRun.objects.queued().exists()


def test_best_attempt_is_chosen_by_the_new_points(assignment: Assignment) -> None:
    assignment.counting = Counting.BEST
    assignment.save()
    first = marked(assignment)
    author = first.work.author
    finished_run(assignment, author, secret=0.0, automatic_points=Decimal(2))
    recompute_mark(actor=SYSTEM, assignment=assignment, student=author, reason="x")
    nothing: NewPoints = {"secret": {"check_secret": Decimal(0)}}
    (row,) = plan(assignment, derived(assignment, nothing)).rows
    assert (row.before, row.after) == (Decimal(5), Decimal(2))


def test_a_change_since_the_preview_refuses_the_confirmation(
    assignment: Assignment,
) -> None:
    marked(assignment)
    revision = derived(assignment)
    digest = plan(assignment, revision).digest
    marked(assignment, secret=0.0)
    with pytest.raises(RescoreRefusedError, match="since you saw the preview"):
        rescore(
            actor=lecturer_of(assignment),
            assignment=assignment,
            revision=revision,
            reason="x",
            digest=digest,
        )


def test_a_re_score_cannot_change_the_checks(assignment: Assignment) -> None:
    marked(assignment)
    other = RevisionFactory.create(assignment=assignment)
    found = plan(assignment, other)
    assert found.differing == ("secret",)
    with pytest.raises(RescoreRefusedError, match="not the checks that were run"):
        apply(assignment, other, lecturer_of(assignment))


def test_a_running_attempt_keeps_its_points(assignment: Assignment) -> None:
    run = marked(assignment)
    GradingRunFactory.create(submission=run.submission)
    found = plan(assignment, derived(assignment))
    assert (found.left_out, found.changed) == (1, ())


def test_same_points_change_nothing(assignment: Assignment) -> None:
    marked(assignment)
    assert assignment.revision is not None
    assert plan(assignment, assignment.revision).copies == ()


def test_a_rerun_uses_the_new_points(assignment: Assignment) -> None:
    run, revision = marked(assignment), derived(assignment)
    apply(assignment, revision, lecturer_of(assignment))
    assert rerun(actor=SYSTEM, submission=run.work).revision == revision


def test_assistants_cannot_re_score(assignment: Assignment) -> None:
    marked(assignment)
    assistant = EnrolmentFactory.create(course=assignment.course, assistant=True).user
    with pytest.raises(PermissionDenied):
        apply(assignment, derived(assignment, {}), assistant)


def test_derived_revision_differs_in_points_alone(assignment: Assignment) -> None:
    revision, again = derived(assignment), derived(assignment)
    assert again == revision
    old = assignment.revision
    assert old is not None
    assert revision.number == old.number + 1
    assert [f.sha256 for f in revision.files.all()] == [
        f.sha256 for f in old.files.all()
    ]
    assert revision.questions.get(key="secret").points == Decimal("1.5")
    assert old.questions.get(key="secret").points == Decimal(3)


def test_queries_do_not_grow_with_students(
    assignment: Assignment,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    revision = derived(assignment)
    for _ in range(5):
        marked(assignment)
    with assert_max_queries(9):
        assert len(plan(assignment, revision).changed) == 5
