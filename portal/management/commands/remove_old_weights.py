"""Say which old weights the courses' rules let go; with --delete, remove them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from courses.models import Course
from formats.submission_words import size_in_words
from grading.services.old_weights import find_old_weights, remove_old_weights


class Command(BaseCommand):
    """`manage.py remove_old_weights`: only looks, unless it is told to delete."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--delete", action="store_true", help="do what beat does once a day"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        act = remove_old_weights if options["delete"] else find_old_weights
        for course in Course.objects.exclude(weights_days=None).order_by("slug"):
            old = act(course=course, now=timezone.now())
            for file in old.files:
                attempt = file.submission
                self.stdout.write(
                    f"{course.slug} {attempt.assignment.slug} {attempt.author.email} "
                    f"attempt {attempt.attempt} {file.name} {file.size}"
                )
            words = f"{len(old.files)} files, {size_in_words(old.size)}"
            self.stdout.write(f"{course.slug}: {words}")
        if not options["delete"]:
            self.stdout.write("Nothing was changed. --delete removes them.")
