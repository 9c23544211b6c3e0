"""A run's page in a browser: cells open in the frame, and staff walk by keys."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Campus
from tests.factories import (
    EnrolmentFactory,
    GradingRunFactory,
    SubmissionFactory,
    small_notebook,
    store_text,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
FRAME = "#executed-notebook"


def executed_notebook() -> str:
    """Return the hash of a notebook of 60 cells, the last of which checks a question."""
    sources = ["x = 1\n" * 10] * 59
    document = json.loads(small_notebook(*sources, "# softmark: check conv2d"))
    for number, cell in enumerate(document["cells"], 1):
        cell["execution_count"] = number
    return store_text(json.dumps(document))[0]


@pytest.mark.one_database
def test_a_cell_s_link_opens_it_in_the_frame_and_the_arrows_walk(
    campus: Campus, page: Page
) -> None:
    sha256 = executed_notebook()
    runs = []
    for name in ("Abel", "Baker"):
        student = EnrolmentFactory.create(
            course=campus.assignment.course, user__last_name=name
        ).user
        submission = SubmissionFactory.create(
            assignment=campus.assignment, author=student
        )
        runs.append(
            GradingRunFactory.create(
                submission=submission, finished=True, executed_sha256=sha256
            )
        )
    campus.sign_in(page, campus.lecturer)
    page.goto(f"{campus.portal.url}{runs[0].get_absolute_url()}")
    page.get_by_role("link", name="cell 60").click()
    expect(page.locator(FRAME)).to_be_in_viewport()
    expect(page.frame_locator(FRAME).locator("#cell-60")).to_be_in_viewport()
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**{runs[1].get_absolute_url()}")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**{runs[0].get_absolute_url()}")
