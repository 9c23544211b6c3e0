"""A course's rule for late work: entered, begun with a preset, previewed, stored."""

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Assignment, Course
from grading.models import Mark
from tests.factories import EnrolmentFactory
from tests.grading.pages import signed_in, words
from tests.grading.test_late_marks import attempt, make_assignment, marked

pytestmark = pytest.mark.django_db
FORM = {"late_mode": "cap", "late_unit": "day", "late_days": "0", "pass_mark": "40"}


@pytest.fixture
def assignment() -> Assignment:
    return make_assignment(late_mode="", late_zero_after=None)


@pytest.fixture
def page(assignment: Assignment) -> Client:
    return signed_in(
        EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    )


@pytest.fixture
def url(assignment: Assignment) -> str:
    return reverse("grading:late-rule", args=[assignment.course.slug])


def test_a_rule_that_changes_no_mark_is_stored_at_once(page: Client, url: str) -> None:
    assert page.post(url, FORM).status_code == 302
    assert Course.objects.get().late_mode == "cap"


def test_marks_that_would_change_are_shown_first(
    page: Client, url: str, assignment: Assignment
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    attempt(assignment, student, "75", 1)
    marked(assignment, student)
    answer = page.post(url, FORM)
    assert "1 mark would change" in words(answer)
    assert Course.objects.get().late_mode == "none"
    page.post(url, {**FORM, "seen": answer.context["plan"].digest})
    assert Mark.objects.get().final_points == 40


def test_a_preset_fills_in_the_form_and_stores_nothing(page: Client, url: str) -> None:
    form = page.get(url, {"preset": "submitty"}).context["form"]
    assert form["late_mode"].value() == "multiplier"
    assert form["late_days"].value() == 5
    assert Course.objects.get().late_days == 0


@pytest.mark.parametrize(
    ("wrong", "field", "error"),
    [
        ({"late_mode": "raw"}, "late_step", "Say how much each unit costs."),
        ({"late_step": "5"}, "late_step", "does not need it"),
        ({"late_mode": "raw", "late_step": "101"}, "late_step", "at most 100"),
        ({"late_zero_after": "0"}, "late_zero_after", "greater than or equal to 1"),
        ({"pass_mark": "101"}, "pass_mark", "less than or equal to 100"),
    ],
)
def test_a_rule_that_does_not_fit_together_is_refused(
    page: Client, url: str, wrong: dict[str, str], field: str, error: str
) -> None:
    answer = page.post(url, {**FORM, **wrong})
    assert answer.status_code == 422
    assert error in " ".join(answer.context["form"].errors[field])


def test_an_assignments_own_rule_begins_with_a_preset_too(
    page: Client, assignment: Assignment
) -> None:
    address = reverse(
        "grading:assignment-settings", args=[assignment.course.slug, assignment.slug]
    )
    form = page.get(address, {"preset": "scientia"}).context["form"]
    assert (form["late_mode"].value(), form["late_zero_after"].value()) == ("cap", 1)
    assert "The course's rule: Late work loses no points." in words(page.get(address))


def test_an_extension_that_changes_a_mark_is_shown_first(
    page: Client, assignment: Assignment
) -> None:
    Course.objects.update(late_mode="cap")
    student = EnrolmentFactory.create(course=assignment.course).user
    attempt(assignment, student, "75", 1)
    marked(assignment, student)
    url = reverse("grading:extensions", args=[assignment.course.slug, assignment.slug])
    form = {"student": student.pk, "due_at": "2099-01-01T12:00", "reason": "Illness"}
    answer = page.post(url, form)
    assert "1 mark would change" in words(answer)
    assert not assignment.extensions.exists()
    page.post(url, {**form, "seen": answer.context["seen"]})
    assert Mark.objects.get().final_points == 75
    withdraw = f"{url}{assignment.extensions.get().pk}/withdraw/"
    answer = page.post(withdraw)
    assert "To withdraw the extension of" in words(answer)
    assert page.post(withdraw, {"seen": answer.context["seen"]}).status_code == 302
    assert Mark.objects.get().final_points == 40
