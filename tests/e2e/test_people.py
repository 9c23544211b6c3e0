"""A lecturer imports a roster, a student creates a calendar address, in a browser."""

from pathlib import Path
from typing import Final

import pytest
from icalendar import Calendar
from playwright.sync_api import Browser, Locator, Page

from courses.models import Enrolment
from tests.e2e.conftest import PASSWORD, Campus
from tests.e2e.looking import flaws_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.one_database,
    pytest.mark.timeout(240),
]
ROSTER: Final = "email,first_name,last_name\nuna@x.org,Una,Byrne\n"
FAULTY: Final = "email,role\nnobody,king\n"


def go_by(page: Page, press: Locator) -> list[str]:
    """Click this link or button; return the flaws of the page that it leads to."""
    with page.expect_navigation():
        press.click()
    return flaws_of(page)


def look_at(page: Page, path: Path) -> list[str]:
    page.get_by_label("CSV file").set_input_files(path)
    return go_by(page, page.get_by_role("button", name="Preview"))


def import_and_change(page: Page, folder: Path) -> list[str]:
    """Import one person, make them an assistant; return the flaws of the pages."""
    good, bad = folder / "good.csv", folder / "bad.csv"
    good.write_text(ROSTER)
    bad.write_text(FAULTY)
    found = flaws_of(page)
    found += go_by(page, page.get_by_role("link", name="Import a roster"))
    found += look_at(page, bad)
    assert "Line 2" in page.locator("#faults").inner_text()
    found += look_at(page, good)
    page.get_by_role("button", name="Import this roster").click()
    name = "Una Byrne"
    page.get_by_label(f"Role of {name}", exact=True).select_option("assistant")
    page.get_by_role("button", name=f"Save the role of {name}").click()
    page.get_by_text(f"{name} is now: Teaching assistant.").wait_for()
    return found + flaws_of(page)


def test_lecturer_imports_a_roster_and_changes_a_role(
    campus: Campus, page: Page, tmp_path: Path
) -> None:
    course = campus.assignment.course
    campus.sign_in(page, campus.lecturer)
    page.goto(f"{campus.portal.url}{course.get_absolute_url()}people/")
    assert import_and_change(page, tmp_path) == []
    made = Enrolment.objects.filter(course=course, user__last_name="Byrne")
    assert [row.role for row in made] == ["assistant"]


def test_student_creates_a_calendar_address(
    campus: Campus, page: Page, browser: Browser
) -> None:
    sessions = campus.assignment.course.sessions.count()
    campus.sign_in(page, campus.student)
    page.goto(f"{campus.portal.url}/account/calendar/")
    found = flaws_of(page)
    page.get_by_role("button", name="Make an address").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    address = page.locator("#new-address").inner_text()
    found += flaws_of(page)
    stranger = browser.new_context().request
    calendar = Calendar.from_ical(stranger.get(address).body())
    assert len(calendar.events) == sessions + 1  # and a deadline
    page.get_by_role("button", name="End this address").click()
    page.get_by_text("no longer works").wait_for()
    assert stranger.get(address).status == 404
    assert found == []
