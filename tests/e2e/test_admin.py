"""The admin is accessible: axe, both themes, and lists within 1280 pixels."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from playwright.sync_api import Browser, Page

from courses.models import Course
from tests.e2e.conftest import PASSWORD, Campus
from tests.e2e.looking import flaws_of
from tests.factories import (
    ExtensionFactory,
    GradingRunFactory,
    MarkFactory,
    SubmissionFactory,
    UserFactory,
)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.one_database,
    pytest.mark.timeout(900),
]
# A table that must scroll sideways.
SCROLLS = (
    "[...document.querySelectorAll('#changelist .results, .tabular .module')]"
    ".some((each) => each.scrollWidth > each.clientWidth + 1)"
)


@pytest.fixture
def signed_in(campus: Campus, browser: Browser) -> Iterator[Page]:
    """Give a page signed in as site staff, in a portal with a row of most things."""
    submission = SubmissionFactory.create(
        assignment=campus.assignment, author=campus.student
    )
    run = GradingRunFactory.create(submission=submission, finished=True)
    MarkFactory.create(run=run)
    ExtensionFactory.create(assignment=campus.assignment, student=campus.student)
    staff = UserFactory.create(site_staff=True)
    staff.set_password(PASSWORD)
    staff.save()
    context = browser.new_context()
    page = context.new_page()
    campus.sign_in(page, staff)
    yield page
    context.close()


def flaws_at(page: Page, campus: Campus, path: str) -> list[str]:
    """Return the flaws of the page at this address."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(f"{path} console: {said.text}"))
    answer = page.goto(campus.portal.url + path)
    assert answer is not None
    assert answer.status == 200, path
    found = flaws_of(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    scrolls = [f"{path}: a table scrolls"] if page.evaluate(SCROLLS) else []
    return [*heard, *found, *scrolls]


def pages_of(model: type[Model], course: int) -> Iterator[str]:
    """Return the model's list, a row's page, and the page to add one.

    The histories of all rows are one page with other lines: that of courses speaks for
    them.
    """
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.first()
    yield reverse(f"{name}_changelist")
    if row is not None:
        yield reverse(f"{name}_change", args=[row.pk])
        if model is Course:
            yield reverse(f"{name}_history", args=[row.pk])
    if model._meta.app_label == "courses" and _is_added(model):
        yield f"{reverse(f'{name}_add')}?course={course}"


def _is_added(model: type[Model]) -> bool:
    frozen = {"assignmentrevision", "coursechange", "extensionrequest"}
    return model._meta.model_name not in frozen


@pytest.mark.long
def test_every_page_of_the_admin_is_accessible(campus: Campus, signed_in: Page) -> None:
    course = campus.assignment.course_id
    paths = [p for model in admin.site._registry for p in pages_of(model, course)]
    paths.append("/admin/")
    assert len(paths) > 40
    found = [flaw for path in paths for flaw in flaws_at(signed_in, campus, path)]
    assert found == []
