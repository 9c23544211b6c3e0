"""Every page holds up for everyone: axe, both themes, wide and narrow, a quiet console."""

from typing import Any, Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from grading.models import GradingRun
from tests.e2e.conftest import Campus
from tests.factories import (
    GradingRunFactory,
    MarkFactory,
    QuestionResultFactory,
    RegradeFactory,
    SubmissionFactory,
    TrialFactory,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
WIDTHS: Final = (1280, 390)


def student_pages(campus: Campus, run: GradingRun) -> list[str]:
    assignment = campus.assignment
    return [
        "/",
        assignment.course.get_absolute_url(),
        assignment.get_absolute_url(),
        run.get_absolute_url(),
        run.work.get_absolute_url(),
        f"{assignment.course.get_absolute_url()}marks/",
        "/account/",
        "/account/tokens/",
        "/accounts/password/change/",
        "/no-such-page/",
    ]


def faults_of(page: Page, url: str) -> list[str]:
    """What is wrong with the page at this size and in this theme."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(f"console: {said.text}"))
    answer = page.goto(url)
    assert answer is not None
    page.wait_for_load_state("networkidle")
    found = [text for text in heard if answer.status == 200 or "404" not in text]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("wider than the window")
    # Preloading would fetch each imported stylesheet again, beside the page.
    report: dict[str, Any] = Axe().run(page, options={"preload": False}).response
    found += [
        f"axe {fault['id']}: {fault['nodes'][0]['html'][:200]}"
        for fault in report["violations"]
    ]
    return found


def tried(campus: Campus) -> GradingRun:
    """A trial of the published revision, in which a test raised something."""
    assert campus.assignment.revision is not None
    trial = TrialFactory.create(revision=campus.assignment.revision, finished=True)
    QuestionResultFactory.create(
        run=trial,
        question=trial.revision.questions.first(),
        traces={"shape": "Traceback (most recent call last):\nAssertionError"},
    )
    found: GradingRun = trial
    return found


def faults_everywhere(browser: Browser, campus: Campus, who: str) -> list[str]:
    submission = SubmissionFactory.create(
        assignment=campus.assignment, author=campus.student
    )
    run = GradingRunFactory.create(submission=submission, needs_staff=True)
    done = GradingRunFactory.create(submission=submission, finished=True)
    MarkFactory.create(run=done)
    person = campus.student if who == "student" else campus.lecturer
    paths = student_pages(campus, done)
    if who == "lecturer":
        staff = f"{campus.assignment.get_absolute_url()}staff/"
        paths = [
            campus.assignment.get_absolute_url(),
            staff,
            run.get_absolute_url(),
            tried(campus).get_absolute_url(),
            f"{staff}rescore/?preview=1",
            f"{staff}rerun/",
            RegradeFactory.create(
                assignment=campus.assignment, of=submission
            ).get_absolute_url(),
        ]
    found: list[str] = []
    for scheme in SCHEMES:
        for width in WIDTHS:
            context = browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 900}
            )
            page = context.new_page()
            signing_in = faults_of(page, f"{campus.portal.url}/accounts/login/")
            found += [f"login {scheme} {width}: {fault}" for fault in signing_in]
            campus.sign_in(page, person)
            for path in paths:
                one = context.new_page()
                faults = faults_of(one, campus.portal.url + path)
                found += [f"{path} {scheme} {width}: {fault}" for fault in faults]
                one.close()
            context.close()
    return found


@pytest.mark.parametrize("who", ["student", "lecturer"])
def test_pages_are_accessible_in_both_themes_and_sizes(
    campus: Campus, browser: Browser, who: str
) -> None:
    assert faults_everywhere(browser, campus, who) == []
