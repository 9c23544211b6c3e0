"""Lecturers create coursework and change its settings, after a preview of effects."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.models import Assignment, Course, CourseChange
from grading.models import Mark
from tests.factories import (
    AssignmentFactory,
    ComponentFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    SubmissionFactory,
    WeekFactory,
    hours,
)
from tests.grading.pages import signed_in, words
from tests.grading.test_marks import attempt, recompute

pytestmark = pytest.mark.django_db
NEW = {
    "title": "Digits & letters",
    "slug": "",
    "summary": "Read *them*.",
    "visible": "hidden",
    "release_at": "",
    "due_at": "2027-06-04T19:00",
    "closes_at": "2027-06-08T19:00",
    "grace_minutes": "5",
    "max_attempts": "3",
    "counting": "best",
    "weight_percent": "25",
}
REFUSED = [
    ({"title": ""}, "title", "required"),
    ({"slug": "taken"}, "slug", "already"),
    ({"slug": "a b"}, "slug", "hyphens"),
    ({"title": "数"}, "slug", "letters"),
    ({"due_at": "2027-03-28T01:30"}, "due_at", "has no 01:30"),
    ({"due_at": ""}, "due_at", "required"),
    ({"closes_at": "2027-06-03T19:00"}, "closes_at", "before the deadline"),
    ({"weight_percent": "101"}, "weight_percent", "100"),
    ({"max_attempts": "0"}, "max_attempts", "1"),
    ({"visible": "later"}, "release_at", "when"),
    ({"grace_minutes": "-1"}, "grace_minutes", "0"),
]


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="dl", time_zone="Europe/London")


@pytest.fixture
def page(course: Course) -> Client:
    return signed_in(EnrolmentFactory.create(course=course, lecturer=True).user)


@pytest.fixture
def assignment(course: Course) -> Assignment:
    made: Assignment = AssignmentFactory.create(
        course=course, title="Digits", due_at=hours(-5), closes_at=hours(50)
    )
    return made


def create(page: Client, **changes: object) -> Any:
    return page.post(reverse("grading:assignment-new", args=["dl"]), {**NEW, **changes})


def address(assignment: Assignment) -> str:
    return reverse("grading:assignment-settings", args=["dl", assignment.slug])


def store(page: Client, assignment: Assignment, **changes: object) -> Any:
    """Send the form as the page shows it, with these changes."""
    form = page.get(address(assignment)).context["form"]
    shown = {field.html_name: field.value() for field in form}
    sent = {
        name: form[name].field.widget.format_value(value)
        if name.endswith("_at")
        else value
        for name, value in shown.items()
    }
    given = {**sent, **changes}
    return page.post(
        address(assignment), {name: "" if v is None else v for name, v in given.items()}
    )


# --- New ------------------------------------------------------------------------------


def test_new_coursework_is_hidden_in_its_zone_and_recorded(
    page: Client, course: Course
) -> None:
    week = WeekFactory.create(course=course)
    component = ComponentFactory.create(course=course)
    answer = create(page, week=week.pk, component=component.pk)
    made = Assignment.objects.get()
    assert made.slug == "digits-letters"
    assert made.release_at is None
    assert f"{made.due_at.astimezone(course.tz):%d %H:%M}" == "04 19:00"
    assert (made.week, made.component, made.max_attempts) == (week, component, 3)
    assert CourseChange.objects.get().assignment == made
    shown = words(page.get(answer.headers["Location"]))
    assert "Import a revision" in shown
    assert "students read the brief and cannot hand in" in shown


@pytest.mark.parametrize(("change", "field", "said"), REFUSED)
def test_errors_are_shown_beside_their_fields_and_no_input_is_lost(
    page: Client, course: Course, change: dict[str, str], field: str, said: str
) -> None:
    AssignmentFactory.create(course=course, slug="taken")
    answer = create(page, **change)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert said in str(form.errors[field])
    sent = {**NEW, **change}
    assert {name: form[name].value() for name in NEW} == sent
    assert Assignment.objects.count() == 1


def test_only_the_courses_own_weeks_and_parts_can_be_chosen(page: Client) -> None:
    week, component = WeekFactory.create(), ComponentFactory.create()
    answer = create(page, week=week.pk, component=component.pk)
    assert set(answer.context["form"].errors) == {"week", "component"}


@pytest.mark.parametrize("name", ["courses:manage", "grading:marks"])
@pytest.mark.parametrize(
    ("role", "is_shown"), [("lecturer", True), ("assistant", False)]
)
def test_editors_have_a_link_to_the_page(
    course: Course,
    name: str,
    role: str,
    is_shown: bool,  # noqa: FBT001  a parameter
) -> None:
    client = signed_in(EnrolmentFactory.create(course=course, role=role).user)
    shown = client.get(reverse(name, args=["dl"])).content.decode()
    assert (reverse("grading:assignment-new", args=["dl"]) in shown) == is_shown


# --- Settings ---------------------------------------------------------------------------


def test_settings_sent_unchanged_change_nothing(
    page: Client, assignment: Assignment
) -> None:
    before = Assignment.objects.values().get()
    assert store(page, assignment).status_code == 302
    assert Assignment.objects.values().get() == before
    assert not CourseChange.objects.exists()


def test_changed_deadline_is_stored_and_announced(
    page: Client, assignment: Assignment
) -> None:
    assert store(page, assignment, due_at="2027-06-04T19:00", closes_at="").url
    told = CourseChange.objects.get(kind=CourseChange.Kind.DEADLINE)
    assert told.is_public
    assert told.summary == "Digits is due on Fri 4 Jun 2027, 19:00 BST."


def test_marks_changed_by_another_rule_are_previewed(
    page: Client, assignment: Assignment
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    for points in ("9", "4"):
        attempt(assignment, student, points)
    recompute(assignment, student)
    answer = store(page, assignment, counting="best")
    (row,) = answer.context["plan"].marks
    assert (row.attempt, row.before, row.after) == (1, Decimal(4), Decimal(9))
    assert "1 mark would change" in words(answer)
    assert Mark.objects.get().final_points == Decimal(4)
    store(page, assignment, counting="best", seen=answer.context["plan"].digest)
    assert Mark.objects.get().final_points == row.after


def test_rule_that_changes_no_mark_is_stored_at_once(
    page: Client, assignment: Assignment
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    attempt(assignment, student, "4")
    recompute(assignment, student)
    assert store(page, assignment, counting="best").status_code == 302


def test_students_who_become_late_or_on_time_are_previewed(
    page: Client, assignment: Assignment
) -> None:
    late, extended = (
        SubmissionFactory.create(
            assignment=assignment, started_at=hours(-4), received_at=hours(-4)
        )
        for _ in range(2)
    )
    ExtensionFactory.create(
        assignment=assignment, student=extended.author, due_at=hours(1)
    )
    answer = store(page, assignment, due_at=_entered(hours(-2)))
    (row,) = answer.context["plan"].lateness
    assert (row.student, row.attempt, row.becomes_late) == (late.author, 1, False)
    assert late.is_late
    assert "1 late attempt would be on time." in words(answer)


def test_outdated_preview_is_shown_again(page: Client, assignment: Assignment) -> None:
    def hand_in() -> None:
        SubmissionFactory.create(
            assignment=assignment, started_at=hours(-4), received_at=hours(-4)
        )

    hand_in()
    seen = store(page, assignment, due_at=_entered(hours(-2))).context["plan"].digest
    hand_in()
    again = store(page, assignment, due_at=_entered(hours(-2)), seen=seen)
    assert len(again.context["plan"].lateness) == 2
    assert not CourseChange.objects.exists()


@pytest.mark.parametrize(
    ("closes_at", "said"),
    [(50, ""), (None, "Handing in ends at once"), (-1, "Handing in ends at once")],
)
def test_end_of_handing_in_is_previewed(
    page: Client, assignment: Assignment, closes_at: int | None, said: str
) -> None:
    entered = _entered(hours(closes_at)) if closes_at is not None else ""
    answer = store(page, assignment, closes_at=entered)
    assert bool(said) == (answer.status_code == 200)
    assert said in words(answer)


def test_students_who_would_have_no_attempt_left_are_counted(
    page: Client, assignment: Assignment
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    for number in (1, 2):
        SubmissionFactory.create(assignment=assignment, author=student, attempt=number)
    answer = store(page, assignment, max_attempts=2)
    assert "1 student has no attempt left." in words(answer)
    assert store(page, assignment, max_attempts=3).status_code == 302


def test_changed_key_redirects_to_the_new_address(
    page: Client, assignment: Assignment
) -> None:
    answer = store(page, assignment, slug="moved")
    assert re.search(r"/coursework/moved/staff/$", answer.headers["Location"])
    assert page.get(answer.headers["Location"]).status_code == 200


def _entered(moment: Any) -> str:
    local = timezone.localtime(moment, CourseFactory._meta.model.objects.get().tz)
    return f"{local:%Y-%m-%dT%H:%M}"
