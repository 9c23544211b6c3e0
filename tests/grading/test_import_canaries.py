"""Students read no hidden text of an import before its time, in any format."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core import mail
from django.test import Client

from accounts.actors import SYSTEM
from accounts.models import User
from courses.calendar.services import renew_feed
from courses.models import Assignment
from courses.services.revisions import import_revision
from formats.assignment import read_bundle
from formats.importing import ImportOptions, prepare_folder
from grading.models import GradingRun
from grading.services import finish_run, publish_revision
from grading.worker.job_spec import build_job
from runner.protocol.check_reports import CheckReport
from runner.protocol.jobs import CheckOutcome, Outcome, QuestionOutcome, Verdict
from tests.factories import (
    AssignmentFactory,
    GradingRunFactory,
    MarkFactory,
    QuestionResultFactory,
    SelfCheckFactory,
    SelfCheckRunFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.canaries import SHOWN, SOURCES
from tests.grading.fakes import claim_of, job_result
from tests.grading.pages import signed_in, staff_of, student_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

_LINK = re.compile(r'(?:href|src|hx-get|action)="(/[^"#]*)"')
_ADDRESS = re.compile(
    r'"(?:http://testserver)?(/(?:api|courses|runs|self-checks)[^"]*)"'
)
_LEAVES = re.compile(r"/(static|admin|accounts/logout|api/schema|api/docs)")
_API = (
    *("assignments", "courses", "marks", "runs", "submissions", "announcements"),
    "self-checks",
)
# Code outside all tests goes to the grader whole.
_IN_MODULE = {"canary-module-comment"}
_CANARY = re.compile(r"canary[-_a-z]*[a-z]")
_MOST_PAGES = 150
QUICK = {"nbgrader", "otter_ok", "own_functions", "own_cases"}
REPORT = {"message": "canary-report", "expected": "canary-report", "found": "1"}


def imported(name: str, folder: Path) -> Assignment:
    """Import and publish the source; return the message that each check leaves."""
    SOURCES[name](folder / "in")
    (folder / "out").mkdir()
    prepared = prepare_folder(
        folder / "in", scratch=folder / "out", options=ImportOptions()
    )
    assignment: Assignment = AssignmentFactory.create(with_revision=False)
    revision = import_revision(
        actor=SYSTEM, assignment=assignment, bundle=read_bundle(prepared.folder)
    )
    publish_revision(actor=SYSTEM, revision=revision, reason="for this test")
    assignment.refresh_from_db()
    return assignment


def run_of(assignment: Assignment, author: User) -> GradingRun:
    """Return a run in which every check failed."""
    submission = SubmissionFactory.create(assignment=assignment, author=author)
    run: GradingRun = GradingRunFactory.create(submission=submission, finished=True)
    for question in run.revision.questions.filter(kind="auto"):
        checks = [
            {"name": c["name"], "score": 0.0, "points": "0", "message": "raised"}
            | ({} if c["visibility"] == "always" else {"report": REPORT})
            for c in question.checks
        ]
        traces = {check["name"]: "canary-trace" for check in checks}
        QuestionResultFactory.create(
            run=run, question=question, outcome="failed", points=0, checks=checks,
            traces=traces,
        )  # fmt: skip
    MarkFactory.create(run=run)
    return run


def check_of(assignment: Assignment, author: User) -> GradingRun:
    """Return the run of a self-check, ended as if all checks had been sent to its job."""
    check = SelfCheckFactory.create(assignment=assignment, author=author)
    run: GradingRun = SelfCheckRunFactory.create(self_check=check, running=True)
    outcomes = [
        QuestionOutcome(
            key=question.key,
            outcome=Outcome.FAILED,
            checks=tuple(map(_outcome, question.checks)),
        )
        for question in run.revision.questions.filter(kind="auto")
    ]
    result = job_result(Verdict.COMPLETED, "completed", *outcomes)
    assert finish_run(claim=claim_of(run), result=result)
    run.refresh_from_db()
    return run


def _outcome(check: dict[str, str]) -> CheckOutcome:
    is_hidden = check["visibility"] != "always"
    report = CheckReport.from_json(REPORT if is_hidden else {})
    return CheckOutcome(name=check["name"], score=0.0, message="raised", report=report)


def texts(client: Client, *starts: str) -> Iterator[str]:
    """Return all that the person reads: pages, downloads and answers of the API."""
    waiting, seen = [*starts], set(starts)
    while waiting:
        answer = client.get(waiting.pop())
        if answer.status_code != 200:
            continue
        text = answer.getvalue().decode("utf-8", "replace")
        yield text
        linked = _LINK.findall(text) + _ADDRESS.findall(text)
        new = {path for path in linked if not _LEAVES.match(path)} - seen
        seen |= new
        waiting += sorted(new)
        assert len(seen) < _MOST_PAGES


def shown_of(user: User, check: GradingRun) -> str:
    """Return the page of a self-check, its status, and what the API says of it."""
    client, page = signed_in(user), check.get_absolute_url()
    api = f"/api/v1/self-checks/{check.self_check_id}/"
    answers = [client.get(path) for path in (page, f"{page}status/", api)]
    assert {answer.status_code for answer in answers} == {200}
    return "\n".join(answer.content.decode() for answer in answers)


def read_by(user: User, run: GradingRun, *others: GradingRun) -> str:
    """Return all texts together, with calendar, mails, and what a run executes."""
    client = signed_in(user)
    assignment = run.work.assignment
    zipped = f"{assignment.get_absolute_url()}files.zip"
    starts = ["/", assignment.get_absolute_url(), run.get_absolute_url(), zipped]
    starts += [other.get_absolute_url() for other in others]
    feed = f"/calendar/{renew_feed(actor=user)}.ics"
    api = [f"/api/v1/{name}/" for name in _API]
    pages = list(texts(client, *starts, feed, *api))
    assert len(pages) > len(starts) + len(api)
    mails = [f"{message.subject} {message.body}" for message in mail.outbox]
    return "\n".join([*pages, *mails])


def canaries_in(text: str) -> set[str]:
    return {word for word in _CANARY.findall(text) if word != "canary"}


@pytest.mark.parametrize(
    "name",
    # The walk takes seconds: `make test` has one source of each of our styles of tests.
    [
        pytest.param(name, marks=[] if name in QUICK else [pytest.mark.long])
        for name in SOURCES
    ],
)
def test_no_hidden_text_is_read_before_its_time(name: str, tmp_path: Path) -> None:
    assignment = imported(name, tmp_path)
    student = student_of(assignment)
    run, check = run_of(assignment, student), check_of(assignment, student)
    assert canaries_in(read_by(student, run, check)) == set()
    assert canaries_in(executed_by(run)) == set()
    assert canaries_in(repr(build_job(check).questions)) <= _IN_MODULE
    stored = repr([(each.checks, each.traces) for each in check.results.all()])
    assert canaries_in(stored) == set()
    Assignment.objects.update(due_at=hours(-2), marks_released_at=hours(-1))
    seen = canaries_in(read_by(student, run))
    assert seen <= {*SHOWN, "canary_check_name", "canary_case_name"}
    # A self-check never shows them.
    assert canaries_in(shown_of(student, check)) == set()
    assert "canary-report" in seen
    # nbgrader's hidden tests have no words of their own but those of what they raise.
    assert (seen == {"canary-report"}) == (name == "nbgrader")


def executed_by(run: GradingRun) -> str:
    """Return the files beside a student's running code, and what it reads of itself."""
    spec = build_job(run)
    files = (*spec.files, *spec.public_files)
    return " ".join([spec.notebook, *(Path(file.path).read_text() for file in files)])


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_has_its_canaries(name: str, tmp_path: Path) -> None:
    SOURCES[name](tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    planted = canaries_in("".join(path.read_text() for path in files))
    assert len(planted) > 3
    assert planted & set(SHOWN) or name == "nbgrader"


def test_the_search_finds_what_staff_read(tmp_path: Path) -> None:
    assignment = imported("otter_ok", tmp_path)
    run = run_of(assignment, student_of(assignment))
    assert "canary-failure-message" in read_by(staff_of(assignment), run)


def test_a_canary_in_json_is_one_word() -> None:
    assert canaries_in(json.dumps({"a": "x\ncanary-b, canary_c."})) == {
        "canary-b",
        "canary_c",
    }
