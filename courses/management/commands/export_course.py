"""The command `manage.py export_course SLUG FOLDER`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import SYSTEM
from courses.models import Course
from courses.services.course_files import export_course


class Command(BaseCommand):
    help = "Write a course file of a course, with the files that it names."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="the course's address")
        parser.add_argument(
            "folder",
            type=Path,
            metavar="FOLDER",
            help="the folder into which course.yaml is written",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        course = Course.objects.filter(slug=options["slug"]).first()
        if course is None:
            known = ", ".join(Course.objects.values_list("slug", flat=True)[:20])
            raise CommandError(
                f"There is no course “{options['slug']}”. There are: {known or 'none'}."
            )
        try:
            written = export_course(
                actor=SYSTEM, course=course, folder=options["folder"]
            )
        except OSError as error:
            raise CommandError(
                f"The course file cannot be written: {error}."
            ) from error
        for name in written.lost:
            self.stdout.write(f"! The portal no longer has the file {name}.")
        self.stdout.write(
            f"{written.path} and {written.files} files have been written. To import "
            f"it: import_course {written.path} --year {course.academic_year}."
        )
