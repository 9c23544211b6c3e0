"""A lecturer imports a roster and a student takes a calendar's address, in a browser."""

from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from icalendar import Calendar
from playwright.sync_api import Browser, Page

from courses.models import Enrolment
from tests.e2e.conftest import PASSWORD, Campus
from tests.e2e.test_pages import SCHEMES, WIDTHS
from tests.factories import SessionFactory

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
ROSTER: Final = "email,first_name,last_name\nuna{number}@x.org,Una{number},Byrne\n"
FAULTY: Final = "email,role\nnobody,king\n"


def flaws(page: Page) -> list[str]:
    """What is wrong with the page that is open: axe, and whether it is too wide."""
    page.wait_for_load_state("networkidle")
    report: dict[str, Any] = Axe().run(page, options={"preload": False}).response
    found = [f"{page.url}: axe {fault['id']}" for fault in report["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"{page.url}: wider than the window")
    return found


def look_at(page: Page, path: Path) -> list[str]:
    page.get_by_label("CSV file").set_input_files(path)
    page.get_by_role("button", name="Look at it").click()
    return flaws(page)


def import_and_change(page: Page, folder: Path, number: int) -> list[str]:
    """Import one person, make them an assistant; what is wrong with the pages."""
    good, bad = folder / "good.csv", folder / "bad.csv"
    good.write_text(ROSTER.format(number=number))
    bad.write_text(FAULTY)
    found = flaws(page)
    page.get_by_role("link", name="Import a roster").click()
    found += flaws(page)
    found += look_at(page, bad)
    assert "Line 2" in page.locator("#faults").inner_text()
    found += look_at(page, good)
    page.get_by_role("button", name="Import this roster").click()
    name = f"Una{number} Byrne"
    page.get_by_label(f"Role of {name}", exact=True).select_option("assistant")
    page.get_by_role("button", name=f"Save the role of {name}").click()
    page.get_by_text(f"{name} is now: Teaching assistant.").wait_for()
    return found + flaws(page)


def test_roster_and_roles(campus: Campus, browser: Browser, tmp_path: Path) -> None:
    course = campus.assignment.course
    found: list[str] = []
    for number, (scheme, width) in enumerate(product(SCHEMES, WIDTHS)):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        page = context.new_page()
        campus.sign_in(page, campus.lecturer)
        page.goto(f"{campus.portal.url}{course.get_absolute_url()}people/")
        found += import_and_change(page, tmp_path, number)
        context.close()
    assert found == []
    made = Enrolment.objects.filter(course=course, user__last_name="Byrne")
    assert [row.role for row in made] == ["assistant"] * 4


def test_calendar(campus: Campus, browser: Browser) -> None:
    SessionFactory.create(course=campus.assignment.course)
    found: list[str] = []
    for scheme, width in product(SCHEMES, WIDTHS):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        page = context.new_page()
        campus.sign_in(page, campus.student)
        page.goto(f"{campus.portal.url}/account/calendar/")
        found += flaws(page)
        page.get_by_role("button", name="Make an address").click()
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
        address = page.locator("#new-address").inner_text()
        found += flaws(page)
        stranger = browser.new_context().request
        assert len(Calendar.from_ical(stranger.get(address).body()).events) == 2
        page.get_by_role("button", name="End this address").click()
        page.get_by_text("no longer works").wait_for()
        assert stranger.get(address).status == 404
        context.close()
    assert found == []
