"""A lecturer announces, cancels and shifts parts of a course in a browser."""

import pytest
from playwright.sync_api import Browser, Page, expect

from courses.models import Session
from tests.e2e.conftest import Campus
from tests.e2e.test_pages import faults_of
from tests.factories import AnnouncementFactory, CourseChangeFactory, SessionFactory

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.one_database,
    pytest.mark.timeout(400),
]


def managed(campus: Campus) -> str:
    return f"{campus.assignment.course.get_absolute_url()}manage/"


def session_of(campus: Campus, **state: object) -> Session:
    found: Session = SessionFactory.create(course=campus.assignment.course, **state)
    return found


@pytest.mark.long
def test_pages_are_accessible_in_both_themes_and_sizes(
    campus: Campus, browser: Browser
) -> None:
    course = campus.assignment.course
    session = session_of(campus)
    announcement = AnnouncementFactory.create(course=course, is_pinned=True)
    CourseChangeFactory.create(course=course, before="Friday", after="Monday")
    start = managed(campus)
    paths = [
        start,
        f"{start}changes/",
        f"{start}shift/?from_week=2&weeks=1",
        f"{start}shift/?from_week=2&weeks=0",
        f"{start}copy/",
        *(f"{start}sessions/{session.pk}/{verb}/" for verb in ("cancel", "move")),
        f"{start}sessions/{session.pk}/restore/",
        f"{start}announcements/",
        f"{start}announcements/{announcement.pk}/",
        f"{start}announcements/{announcement.pk}/delete/",
    ]
    context = browser.new_context()
    campus.sign_in(context.new_page(), campus.lecturer)
    found: list[str] = []
    for path in paths:
        page = context.new_page()
        found += faults_of(page, campus.portal.url + path)
        page.close()
    context.close()
    # The refused form answers 422, which the browser logs.
    assert [fault for fault in found if "status of 422" not in fault] == []


def test_cancelled_session_is_struck_out_for_students(
    campus: Campus, page: Page
) -> None:
    campus.sign_in(page, campus.lecturer)
    page.goto(campus.portal.url + managed(campus))
    page.get_by_role("link", name="Cancel Week").first.click()
    page.get_by_label("Why").fill("The lecturer is ill.")
    page.get_by_role("button", name="Cancel the session").click()
    expect(page.get_by_text("has been cancelled. Students are told")).to_be_visible()
    page.goto(campus.portal.url + campus.assignment.course.get_absolute_url())
    expect(page.get_by_text("The lecturer is ill.").first).to_be_visible()


def test_run_is_shifted_after_its_preview(campus: Campus, page: Page) -> None:
    session = session_of(campus)
    campus.sign_in(page, campus.lecturer)
    page.goto(f"{campus.portal.url}{managed(campus)}shift/")
    page.get_by_role("button", name="Show what would move").click()
    expect(page.get_by_role("heading", name="What would move")).to_be_visible()
    page.get_by_label("Why").fill("Snow")
    page.get_by_role("button", name="Move all these dates").click()
    expect(
        page.get_by_text("The run moved by a week from week 2 on.").first
    ).to_be_visible()
    before = session.starts_at
    session.refresh_from_db()
    assert before is not None
    assert session.starts_at is not None
    assert (session.starts_at.date() - before.date()).days == 7
