"""Every page is accessible: axe, both themes, wide and narrow, no console errors."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page

from courses.models import RubricGroup, RubricItem
from formats.assignment.file_lines import (
    files_bundle,
    read_file_line,
    read_question_line,
)
from grading.models import GradingRun
from grading.services.files_only_coursework import publish_files
from tests.e2e.conftest import Campus
from tests.e2e.looking import flaws_of
from tests.factories import (
    AssignmentFactory,
    EnteredAssignmentFactory,
    GradingRunFactory,
    ManualQuestionFactory,
    MarkFactory,
    QuestionResultFactory,
    RegradeFactory,
    RevisionFactory,
    RubricFactory,
    SubmissionFactory,
    TrialFactory,
)
from tests.grading.entered import enter
from tests.grading.files_world import hand_in_report
from tests.grading.marking import address

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.one_database,
    pytest.mark.timeout(400),
]


def student_pages(campus: Campus, run: GradingRun) -> list[str]:
    assignment = campus.assignment
    course = assignment.course.get_absolute_url()
    return [
        "/",
        course,
        f"{course}?q=notes",
        f"{course}?q=nothing+like+it",
        f"{course}news/",
        f"{course}materials/text/",
        f"{course}materials/sheet/",
        f"{course}materials/notebook/",
        f"{course}materials/quiz/",
        assignment.get_absolute_url(),
        run.get_absolute_url(),
        run.work.get_absolute_url(),
        f"{course}marks/",
        "/account/",
        "/account/tokens/",
        "/account/calendar/",
        "/accounts/password/change/",
        "/no-such-page/",
    ]


def faults_of(page: Page, url: str) -> list[str]:
    """Return the flaws of the page at this address, in each theme and size."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(f"{url} console: {said.text}"))
    answer = page.goto(url)
    assert answer is not None
    flaws = flaws_of(page)
    found = [text for text in heard if answer.status == 200 or "404" not in text]
    return found + flaws


def tried(campus: Campus) -> GradingRun:
    """Return a trial of the published revision, in which a test raised an exception."""
    assert campus.assignment.revision is not None
    trial = TrialFactory.create(revision=campus.assignment.revision, finished=True)
    QuestionResultFactory.create(
        run=trial,
        question=trial.revision.questions.first(),
        traces={"shape": "Traceback (most recent call last):\nAssertionError"},
    )
    found: GradingRun = trial
    return found


def rubric_page(campus: Campus, staff: str) -> str:
    """Return the page of a rubric with an item, of a revision that is not published."""
    revision = RevisionFactory.create(assignment=campus.assignment, number=900)
    rubric = RubricFactory.create(assignment=campus.assignment)
    ManualQuestionFactory.create(revision=revision, rubric=rubric)
    group = RubricGroup.objects.create(rubric=rubric)
    RubricItem.objects.create(group=group, text="Clear", points=4)
    return f"{staff}marking/rubrics/{rubric.key}/?revision={revision.number}"


def report_pages(campus: Campus, who: str) -> list[str]:
    """Return the pages of coursework without a notebook, in which a report is in."""
    assignment = AssignmentFactory.create(
        course=campus.assignment.course, title="Report", with_revision=False
    )
    bundle = files_bundle(
        [read_file_line("report.pdf = 5")], [read_question_line("Method = 6")]
    )
    revision = publish_files(
        actor=campus.lecturer, assignment=assignment, bundle=bundle
    )
    run = hand_in_report(assignment, campus.student)
    if who == "student":
        return [assignment.get_absolute_url(), run.get_absolute_url()]
    staff = f"{assignment.get_absolute_url()}staff/"
    return [
        staff,
        f"{staff}files/",
        f"{staff}revisions/{revision.number}/",
        address(run, "method"),
        f"{assignment.course.get_absolute_url()}manage/coursework/new/",
    ]


def exam_pages(campus: Campus) -> list[str]:
    """Return the pages of an exam whose marks people enter."""
    course = campus.assignment.course
    exam = EnteredAssignmentFactory.create(course=course, weight_percent=10)
    enter(exam, campus.student, "60")
    staff = f"{exam.get_absolute_url()}staff/"
    return [
        exam.get_absolute_url(),
        f"{staff}entered/",
        f"{staff}entered/file/",
        f"{staff}marks/{campus.student.pk}/",
        f"{staff}settings/",
        f"{staff}release/",
        f"{course.get_absolute_url()}manage/coursework/new/?marks=entered",
    ]


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
            f"{staff}settings/",
            f"{staff}release/",
            f"{staff}standings/",
            f"{campus.assignment.course.get_absolute_url()}manage/late-rule/",
            f"{staff}rescore/?preview=1",
            rubric_page(campus, staff),
            f"{staff}marking/",
            f"{staff}marking/questions/words/answers/",
            f"{staff}regrade/",
            *exam_pages(campus),
            f"{campus.assignment.course.get_absolute_url()}gradebook/",
            f"{campus.assignment.course.get_absolute_url()}gradebook/statistics/",
            f"{campus.assignment.course.get_absolute_url()}gradebook/at-risk/",
            f"{campus.assignment.course.get_absolute_url()}gradebook/board/",
            reverse(
                "gradebook:assignment-statistics",
                args=[campus.assignment.course.slug, campus.assignment.slug],
            ),
            f"{campus.assignment.course.get_absolute_url()}manage/total/",
            RegradeFactory.create(
                assignment=campus.assignment, of=submission
            ).get_absolute_url(),
        ]
    paths += report_pages(campus, who)
    context = browser.new_context()
    page = context.new_page()
    found = faults_of(page, f"{campus.portal.url}/accounts/login/")
    campus.sign_in(page, person)
    for path in paths:
        one = context.new_page()
        found += faults_of(one, campus.portal.url + path)
        one.close()
    if who == "student":
        found += faults_without_policy(context, campus)
    context.close()
    return found


def faults_without_policy(signed_in: BrowserContext, campus: Campus) -> list[str]:
    """Return the flaws of a notebook's page, whose policy would block axe."""
    browser = signed_in.browser
    assert browser is not None
    context = browser.new_context(
        bypass_csp=True, storage_state=signed_in.storage_state()
    )
    course = campus.assignment.course.get_absolute_url()
    address = f"{campus.portal.url}{course}materials/notebook/notebook/"
    found = faults_of(context.new_page(), address)
    context.close()
    return found


@pytest.mark.parametrize("who", ["student", "lecturer"])
@pytest.mark.long
def test_pages_are_accessible_in_both_themes_and_sizes(
    campus: Campus, browser: Browser, who: str
) -> None:
    assert faults_everywhere(browser, campus, who) == []
