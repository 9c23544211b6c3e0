"""Entering marks by the keyboard alone, on their page and in the gradebook, with axe."""

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from courses.models import Assignment
from grading.models import Mark
from tests.e2e.conftest import Campus
from tests.e2e.looking import flaws_of
from tests.factories import EnrolmentFactory, EnteredAssignmentFactory
from tests.grading.entered import enter

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def exam_of(campus: Campus) -> tuple[Assignment, list[User]]:
    """Return an exam, and its three students by name."""
    exam = EnteredAssignmentFactory.create(
        course=campus.assignment.course, weight_percent=100
    )
    exam.course.enrolments.filter(role="student").delete()
    people = [
        EnrolmentFactory.create(course=exam.course, user__last_name=name).user
        for name in ("Abel", "Bell", "Cole")
    ]
    return exam, people


def stored(student: User) -> Decimal | None:
    return Mark.objects.get(student=student).entered_points


@pytest.mark.one_database
def test_marks_are_entered_by_keys_alone(campus: Campus, page: Page) -> None:
    exam, (first, second, third) = exam_of(campus)
    enter(exam, second, "50")
    campus.sign_in(page, campus.lecturer)
    page.goto(f"{campus.portal.url}{exam.get_absolute_url()}staff/entered/")
    assert flaws_of(page) == []
    press, write = page.keyboard.press, page.keyboard.type
    page.get_by_label(first.name).focus()
    write("61,5")
    press("Enter")
    expect(page.get_by_label(second.name)).to_be_focused()
    press("ArrowDown")
    write("x")
    press("ArrowUp")
    expect(page.get_by_label(second.name)).to_be_focused()
    expect(page.locator("[data-changed]")).to_have_text("2 not saved yet")
    # Meanwhile somebody else changes the mark that is left alone here.
    enter(exam, second, "51", seen="50")
    page.get_by_role("button", name="Save marks").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("1 row needs a change")
    expect(page.get_by_label(first.name)).to_have_value("61,5")
    assert flaws_of(page) == []
    page.get_by_label(third.name).fill("0")
    page.get_by_role("button", name="Save marks").press("Enter")
    expect(page.get_by_text("2 marks are stored.")).to_be_visible()
    assert [stored(each) for each in (first, second, third)] == [Decimal("61.5"), 51, 0]


@pytest.mark.one_database
def test_cells_of_the_gradebook_are_changed_by_keys_alone(
    campus: Campus, page: Page
) -> None:
    exam, (first, second, third) = exam_of(campus)
    enter(exam, first, "50")
    campus.sign_in(page, campus.lecturer)
    page.goto(f"{campus.portal.url}{exam.course.get_absolute_url()}gradebook/")
    press, write = page.keyboard.press, page.keyboard.type
    page.get_by_role("button", name=f"Enter points: {first.name}").focus()
    press("Enter")
    expect(page.locator(".gradebook__input")).to_be_focused()
    assert flaws_of(page) == []
    write("62")
    press("Enter")
    # The row of the first has come back, and the next student's cell is open.
    expect(page.get_by_role("row", name=first.name)).to_contain_text("62")
    field = page.get_by_role("textbox", name=f"Enter points: {second.name}")
    expect(field).to_be_focused()
    write("101")
    press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Enter at most 100 points.")
    field.fill("7")
    press("ArrowDown")
    expect(
        page.get_by_role("textbox", name=f"Enter points: {third.name}")
    ).to_be_focused()
    enter(exam, third, "9")
    write("8")
    press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(
        "Meanwhile, this mark was changed"
    )
    press("Escape")
    assert [stored(each) for each in (first, second, third)] == [62, 7, 9]
