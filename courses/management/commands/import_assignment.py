"""manage.py import_assignment FOLDER --course SLUG --assignment SLUG [--publish]"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import SYSTEM
from courses.bundle import BundleError, read_bundle
from courses.models import Assignment
from courses.services.revisions import import_revision


class Command(BaseCommand):
    help = "Import the folder of an assignment as a revision of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="holds assignment.yaml")
        parser.add_argument("--course", required=True, help="the course's slug")
        parser.add_argument("--assignment", required=True, help="its slug there")
        parser.add_argument(
            "--publish",
            action="store_true",
            help="mark new work by this revision from now on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        assignment = Assignment.objects.filter(
            course__slug=options["course"], slug=options["assignment"]
        ).first()
        if assignment is None:
            raise CommandError(
                f"There is no assignment “{options['assignment']}” in a course "
                f"“{options['course']}”. Make it in the admin first."
            )
        try:
            bundle = read_bundle(options["folder"])
            revision = import_revision(
                actor=SYSTEM,
                assignment=assignment,
                bundle=bundle,
                publish=options["publish"],
            )
        except BundleError as error:
            raise CommandError(
                f"Nothing was imported. {len(error.faults)} to put right:\n{error}"
            ) from error
        is_published = Assignment.objects.get(pk=assignment.pk).revision == revision
        self.stdout.write(
            f"{assignment}: revision {revision.number} with {len(bundle.questions)} "
            f"questions worth {bundle.points} points, "
            + ("published." if is_published else "not published.")
        )
