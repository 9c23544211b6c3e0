"""The command `manage.py import_course FILE --year 2024-25`."""

import datetime as dt
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_slug

from accounts.actors import SYSTEM
from courses.course_file.plan import Plan
from courses.services.course_files import CourseImport, import_course_file
from formats.assignment import ImportRefusedError
from formats.course.dates import AcademicYear, DateError


class Command(BaseCommand):
    help = "Create the course that a course file describes, or bring it up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="course.yaml")
        parser.add_argument(
            "--year",
            type=_year,
            required=True,
            metavar="2024-25",
            help=(
                "the academic year of the dates in the file, because they have no year"
            ),
        )
        parser.add_argument(
            "--slug",
            type=_slug,
            help="the course's address; default: code and year, such as 70010-2024-25",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only show what would change"
        )
        parser.add_argument(
            "--first-week",
            type=_monday,
            metavar="2025-01-20",
            help=(
                "move everything by whole weeks, so that the first week of the file "
                "begins on this Monday"
            ),
        )
        parser.add_argument(
            "--prune",
            action="store_true",
            help=(
                "delete what the file no longer has; without this, it is listed and "
                "kept"
            ),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            imported = import_course_file(
                actor=SYSTEM,
                path=options["file"],
                year=options["year"],
                slug=options["slug"] or "",
                first_week=options["first_week"],
                prune=options["prune"],
                dry_run=options["dry_run"],
            )
        except ImportRefusedError as error:
            count = len(error.problems)
            raise CommandError(
                f"Nothing was imported. {count} to correct:\n{error}"
            ) from error
        self._report(imported, is_dry=options["dry_run"])

    def _report(self, imported: CourseImport, *, is_dry: bool) -> None:
        for warning in imported.warnings:
            self.stdout.write(f"! {warning}")
        for line in imported.plan.lines():
            self.stdout.write(line)
        self.stdout.write(_conclusion(imported, is_dry=is_dry))


def _conclusion(imported: CourseImport, *, is_dry: bool) -> str:
    plan = imported.plan
    if plan.is_empty:
        return f"Nothing to change: {imported.slug} agrees with the file."
    if is_dry:
        return f"{_counted(plan)} Nothing was written: this was a dry run."
    state = "has been created" if plan.is_new else "is up to date"
    return f"{_counted(plan)} The course {imported.slug} {state}."


def _counted(plan: Plan) -> str:
    return (
        f"{len(plan.added)} added, {len(plan.changed)} changed, "
        f"{len(plan.deleted)} deleted, {len(plan.left_over) - len(plan.deleted)} only "
        "in the portal."
    )


def _year(text: str) -> AcademicYear:
    try:
        return AcademicYear.parse(text)
    except DateError as error:
        raise ArgumentTypeError(f"{error.message} {error.hint}") from error


def _slug(text: str) -> str:
    try:
        validate_slug(text)
    except ValidationError as error:
        raise ArgumentTypeError(
            f"“{text}” cannot be an address: use letters, digits and dashes."
        ) from error
    return text


def _monday(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(
            f"“{text}” is not a day. Write it like 2025-01-20."
        ) from error
    if day.weekday():
        raise ArgumentTypeError(
            f"{text} is a {day:%A}. A week begins on a Monday, so give a Monday."
        )
    return day
