"""The student's choice of the attempt that counts: its default, its end, and marks."""

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment, Course
from formats.choices import Counting, LateMode
from grading.models import GradingRun, Mark, MarkChange
from grading.services import counting_run, recompute_mark
from grading.services.choosing import ChoiceRefusedError, choose_attempt
from grading.services.lateness import days_left
from grading.services.settings_plan import plan_settings
from submissions.models import ChosenAttempt, Submission
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.pages import signed_in, student_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    row: Assignment = AssignmentFactory.create(counting=Counting.CHOICE)
    return row


@pytest.fixture
def student(assignment: Assignment) -> User:
    return student_of(assignment)


def attempt(
    assignment: Assignment, student: User, points: int | None, **more: object
) -> Submission:
    submission: Submission = SubmissionFactory.create(
        assignment=assignment, author=student, **more
    )
    done = {} if points is None else {"finished": True, "automatic_points": points}
    GradingRunFactory.create(submission=submission, **done)
    recompute_mark(actor=student, assignment=assignment, student=student, reason="run")
    return submission


def choose(submission: Submission) -> None:
    choose_attempt(
        actor=submission.author,
        assignment=submission.assignment,
        submission=submission,
        now=timezone.now(),
    )


def counting(assignment: Assignment, student: User) -> int | None:
    run = counting_run(assignment, student)
    return run.work.attempt if run else None


def test_the_latest_attempt_counts_until_another_is_chosen(
    assignment: Assignment, student: User
) -> None:
    first = attempt(assignment, student, 9)
    attempt(assignment, student, 4)
    assert counting(assignment, student) == 2
    choose(first)
    attempt(assignment, student, 5)
    assert counting(assignment, student) == 1
    mark = Mark.objects.get()
    assert mark.final_points == 9
    last = MarkChange.objects.order_by("pk").last()
    assert last is not None
    assert last.after == Decimal(9)
    assert last.reason == "The student has chosen attempt 1."
    assert last.actor == student


def test_the_choice_can_change_and_be_taken_back(
    assignment: Assignment, student: User
) -> None:
    runs = [attempt(assignment, student, points) for points in (1, 2, 3)]
    choose(runs[0])
    choose(runs[1])
    assert counting(assignment, student) == 2
    choose_attempt(
        actor=student, assignment=assignment, submission=None, now=timezone.now()
    )
    assert counting(assignment, student) == 3
    assert not ChosenAttempt.objects.exists()


def test_a_chosen_attempt_counts_once_its_run_has_finished(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student, 4)
    waiting = attempt(assignment, student, None)
    attempt(assignment, student, 6)
    choose(waiting)
    assert counting(assignment, student) == 3
    GradingRun.objects.filter(submission=waiting).update(
        state="finished", verdict="completed", finished_at=timezone.now()
    )
    assert counting(assignment, student) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"due_at": hours(-1)}, "only while you can hand in"),
        ({"counting": Counting.BEST}, "cannot choose"),
        ({"counting": Counting.LATEST}, "cannot choose"),
    ],
)
def test_there_is_no_choice_after_the_end_or_under_another_rule(
    assignment: Assignment, student: User, change: dict[str, object], words: str
) -> None:
    first = attempt(assignment, student, 9)
    Assignment.objects.update(**change)
    with pytest.raises(ChoiceRefusedError, match=words):
        choose(first)


def test_a_choice_has_no_effect_under_another_rule_and_the_change_is_previewed(
    assignment: Assignment, student: User
) -> None:
    first = attempt(assignment, student, 3)
    attempt(assignment, student, 9)
    attempt(assignment, student, 5)
    choose(first)
    expected = {Counting.BEST: (2, 9), Counting.LATEST: (3, 5)}
    for rule, (number, points) in expected.items():
        after = Assignment.objects.get(pk=assignment.pk)
        after.counting = rule
        plan = plan_settings(before=assignment, after=after, now=timezone.now())
        assert [(row.before, row.after) for row in plan.marks] == [
            (Decimal(3), Decimal(points))
        ]
        Assignment.objects.update(counting=rule)
        assert counting(assignment, student) == number
        Assignment.objects.update(counting=Counting.CHOICE)


def test_an_early_attempt_that_is_chosen_is_not_charged_for_a_late_one(
    assignment: Assignment, student: User
) -> None:
    Assignment.objects.update(
        late_mode=LateMode.CAP, due_at=hours(-2), closes_at=hours(2), pass_mark=1
    )
    first = attempt(assignment, student, 4, received_at=hours(-3), started_at=hours(-4))
    attempt(assignment, student, 5)
    late = Mark.objects.get().final_points
    choose(first)
    assert Mark.objects.get().final_points == 4 != late


def test_late_days_are_those_of_the_chosen_attempt(
    assignment: Assignment, student: User
) -> None:
    Course.objects.update(late_days=2)
    rule = {"late_mode": LateMode.MULTIPLIER, "late_step": 0, "late_days_limit": 2}
    Assignment.objects.update(due_at=hours(-30), closes_at=hours(30), **rule)
    first = attempt(
        assignment, student, 4, received_at=hours(-40), started_at=hours(-41)
    )
    attempt(assignment, student, 5)
    later = AssignmentFactory.create(course=assignment.course, **rule)
    later.refresh_from_db()
    owner = (later.pk, student.pk)
    assert days_left([(later, student.pk)])[owner] == 0
    choose(first)
    assert days_left([(later, student.pk)])[owner] == 2


def test_page_offers_the_choice_and_takes_it(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student, 9)
    attempt(assignment, student, 4)
    client = signed_in(student)
    address = reverse(
        "grading:attempt-choose", args=[assignment.course.slug, assignment.slug]
    )
    text = words(client.get(assignment.get_absolute_url()))
    assert "You choose the attempt that counts." in text
    assert "Let it count : attempt 1" in text
    text = words(client.post(address, {"attempt": "1"}, follow=True))
    assert "Counts your choice" in text
    assert "Choose none" in text
    text = words(client.post(address, {"attempt": ""}, follow=True))
    assert "Counts your latest finished attempt" in text
    for number in ("3", "x", "9" * 30, "-1"):
        assert client.post(address, {"attempt": number}).status_code == 404
    Assignment.objects.update(due_at=hours(-1))
    text = words(client.get(assignment.get_absolute_url()))
    assert "Let it count" not in text


def test_api_takes_the_choice_of_the_author_alone(
    assignment: Assignment, student: User
) -> None:
    submission = attempt(assignment, student, 9)
    attempt(assignment, student, 4)
    path = f"/api/v1/submissions/{submission.pk}/"
    client = signed_in(student)
    assert client.get(path).json()["is_chosen"] is False
    assert client.post(f"{path}choose/").status_code == 204
    assert client.get(path).json()["is_chosen"] is True
    assert counting(assignment, student) == 1
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    assert signed_in(lecturer).post(f"{path}choose/").status_code == 403
    assert client.delete(f"{path}choose/").status_code == 204
    assert counting(assignment, student) == 2
    Assignment.objects.update(due_at=hours(-1))
    answer = client.post(f"{path}choose/")
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "choice_refused"
    assert Mark.objects.get().final_points == Decimal(4)
