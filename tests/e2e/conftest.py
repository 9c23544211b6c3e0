"""A real portal with our own coursework, and people who use it in a browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment
from courses.services.revisions import import_revision
from formats.assignment import read_bundle
from grading.services import publish_revision
from tests.e2e.content import add_content
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    MaterialFactory,
    UserFactory,
    WeekFactory,
)
from tests.services.portal import LivePortal
from tests.services.processes import Service

PASSWORD: Final = "correct horse battery staple"
EXAMPLE: Final = Path(settings.BASE_DIR) / "examples" / "conv-digits"


@dataclass(frozen=True, kw_only=True)
class Campus:
    """A served course with the example coursework open, a student and a lecturer."""

    portal: LivePortal
    assignment: Assignment
    student: User
    lecturer: User

    def sign_in(self, page: Page, user: User) -> None:
        """Sign the browser in as this person, by the form."""
        page.goto(f"{self.portal.url}/accounts/login/")
        page.get_by_label("Email").fill(user.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.portal.url}/")


@pytest.fixture
def campus(live_portal: LivePortal) -> Campus:
    """Give a served campus; submissions wait for `worker`."""
    course = CourseFactory.create(summary="Networks, from **convolutions** on.")
    week = WeekFactory.create(course=course, number=2)
    MaterialFactory.create(course=course, week=week, url="https://example.org/n01")
    add_content(course, week)
    assignment = AssignmentFactory.create(
        course=course,
        week=week,
        slug="conv-digits",
        title="Convolution from scratch",
        summary="Write $y = w * x$ yourself.",
        with_revision=False,
    )
    revision = import_revision(
        actor=SYSTEM, assignment=assignment, bundle=read_bundle(EXAMPLE)
    )
    publish_revision(actor=SYSTEM, revision=revision, reason="for a test")
    assignment.refresh_from_db()
    student = UserFactory.create(first_name="Sam", last_name="Okafor")
    EnrolmentFactory.create(course=course, user=student)
    EnrolmentFactory.create(course=course)  # has handed nothing in
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    live_portal.start_broker()
    live_portal.start_web()
    return Campus(
        portal=live_portal, assignment=assignment, student=student, lecturer=lecturer
    )


@pytest.fixture
def worker(campus: Campus) -> Service:
    """Give the worker that grades submissions on the campus."""
    return campus.portal.start_worker()


@pytest.fixture
def browser_without_script(browser: Browser) -> Iterator[Page]:
    """Give a page whose browser runs no script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()
