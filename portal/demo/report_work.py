"""The demo's report: coursework without a notebook, which people mark."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

from django.conf import settings

from accounts.models import User
from courses.models import Assignment, Course
from formats.assignment import Bundle, Question, RequiredFile
from formats.assignment.rubric import Choose, Rubric, RubricGroup, RubricItem
from formats.choices import FileKind, QuestionKind
from grading.services import submit_work
from grading.services.files_only_coursework import publish_files
from portal.demo.people import DOMAIN
from submissions.services import IncomingFile, declaration_of

REPORT: Final = "report"
_SHEETS: Final = Path(settings.BASE_DIR) / "examples" / "deep-learning" / "files"
# Who has handed in, and the PDF of the example that stands in for the report.
REPORTS: Final = {"amira.haddad": "n05.pdf", "ben.whitlock": "n07.pdf"}
_DAYS: Final = 10
_MEGABYTE: Final = 1024**2


def make_report(
    course: Course, people: Mapping[str, User], now: dt.datetime
) -> Assignment:
    """Make a report that is due in ten days, not assessed, and hand in two."""
    due_at = (now + dt.timedelta(days=_DAYS)).replace(minute=0, second=0, microsecond=0)
    made = Assignment.objects.create(
        course=course,
        slug=REPORT,
        title="Report on the classifier",
        summary="Four pages at most: what you changed, how you measured it, and what "
        "you would do next. Nothing is run: people mark the report.",
        release_at=due_at - dt.timedelta(days=21),
        due_at=due_at,
    )
    publish_files(actor=people[f"lecturer@{DOMAIN}"], assignment=made, bundle=_bundle())
    return made


def hand_in_reports(
    report: Assignment, people: Mapping[str, User], now: dt.datetime
) -> None:
    """Hand in the reports. Nothing is run, so they are finished at once."""
    for email, name in REPORTS.items():
        _hand_in(people[f"{email}@{DOMAIN}"], report, _SHEETS / name, now)


def _hand_in(student: User, report: Assignment, path: Path, now: dt.datetime) -> None:
    declared, _ = declaration_of(report, {})
    with path.open("rb") as content:
        file = IncomingFile(
            name="report.pdf",
            original_name="report-final.pdf",
            content=content,
            size=path.stat().st_size,
        )
        submit_work(
            actor=student,
            assignment=report,
            files=[file],
            started_at=now,
            idempotency_key=f"demo-report-{path.stem}",
            declared=declared,
        )


def _bundle() -> Bundle:
    return Bundle(
        title="Report",
        required_files=(
            RequiredFile(
                name="report.pdf",
                kind=FileKind.PDF,
                max_bytes=20 * _MEGABYTE,
                description="Four pages at most",
            ),
            RequiredFile(
                name="measurements.csv",
                kind=FileKind.TEXT,
                max_bytes=5 * _MEGABYTE,
                is_optional=True,
            ),
        ),
        questions=(
            _question("method", "Method", 6, ("The measurement fits the claim", 4)),
            _question("writing", "Writing", 4, ("Clear to a classmate", 3)),
        ),
    )


def _question(key: str, title: str, points: int, best: tuple[str, int]) -> Question:
    text, worth = best
    items = (
        RubricItem(text=text, points=Decimal(worth)),
        RubricItem(text="In parts", points=Decimal(worth - 2)),
    )
    return Question(
        key=key,
        title=title,
        points=Decimal(points),
        kind=QuestionKind.MANUAL,
        rubric=Rubric(
            groups=(RubricGroup(title=title, choose=Choose.ONE, items=items),)
        ),
    )
