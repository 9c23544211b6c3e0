"""A live run page asks for what is new: less and less often, and never unseen."""

import time
from itertools import pairwise

import pytest
from playwright.sync_api import Page, Route

from tests.e2e.conftest import Campus
from tests.factories import GradingRunFactory, SubmissionFactory

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.mark.one_database
@pytest.mark.long
def test_a_run_page_asks_at_growing_intervals_and_not_from_the_background(
    campus: Campus, page: Page
) -> None:
    submission = SubmissionFactory.create(
        assignment=campus.assignment, author=campus.student
    )
    run = GradingRunFactory.create(submission=submission)
    campus.sign_in(page, campus.student)
    asked: list[tuple[float, int]] = []

    def note(route: Route) -> None:
        answer = route.fetch()
        asked.append((time.monotonic(), answer.status))
        route.fulfill(response=answer)

    page.route("**/runs/*/status/", note)
    page.goto(f"{campus.portal.url}{run.get_absolute_url()}")
    page.wait_for_timeout(13_000)
    assert {status for _, status in asked} == {304}
    times = [at for at, _ in asked]
    gaps = [later - before for before, later in pairwise(times)]
    # 2, 2.5, 3.1 and 3.9 seconds, each a fifth more or less.
    assert 3 <= len(times) <= 5
    assert gaps[-1] > gaps[0] * 0.8

    page.evaluate(HIDE, True)  # noqa: FBT003  the argument of a script
    page.wait_for_timeout(5_000)
    unseen = len(asked)
    page.wait_for_timeout(6_000)
    assert len(asked) == unseen
    page.evaluate(HIDE, False)  # noqa: FBT003  the same
    page.wait_for_timeout(1_000)
    assert len(asked) == unseen + 1
