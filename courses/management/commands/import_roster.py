"""The command `manage.py import_roster SLUG FILE`.

Its options are [--dry-run] [--deactivate-missing] [--invite].
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import SYSTEM
from courses.models import Course
from courses.services.enrolments import RoleRefusedError
from courses.services.invitations import send_invitations
from courses.services.roster import import_roster, plan_roster
from courses.services.roster_plan import Plan, Step
from formats.roster import RosterError


class Command(BaseCommand):
    help = "Enrol the people of a CSV file, and say what changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the course, as in its address")
        parser.add_argument("file", type=Path, help="a CSV file in UTF-8")
        parser.add_argument(
            "--dry-run", action="store_true", help="only show what would change"
        )
        parser.add_argument(
            "--deactivate-missing",
            action="store_true",
            help="make students and assistants inactive if they are not in the file",
        )
        parser.add_argument(
            "--invite",
            action="store_true",
            help="send a mail that says how to sign in to people in the file who "
            "never signed in and were not invited before",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        course = Course.objects.filter(slug=options["slug"]).first()
        if course is None:
            raise CommandError(f"There is no course “{options['slug']}”.")
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.") from error
        try:
            self._run(course, content, options)
        except (RosterError, RoleRefusedError) as error:
            raise CommandError(f"Nothing was imported.\n{error}") from error

    def _run(self, course: Course, content: bytes, options: dict[str, Any]) -> None:
        wanted: dict[str, Any] = {
            "actor": SYSTEM,
            "course": course,
            "content": content,
            "deactivate_missing": options["deactivate_missing"],
        }
        if options["dry_run"]:
            self._tell(plan_roster(**wanted))
            self.stdout.write("Nothing was changed: this was a dry run.")
            return
        done = import_roster(**wanted)
        self._tell(done.plan)
        if options["invite"]:
            waiting = send_invitations(course, done.cannot_sign_in)
            self.stdout.write(
                f"{waiting} "
                f"{('invitation will be' if waiting == 1 else 'invitations will be')} "
                "sent as soon as the portal runs and its mail server answers."
                if waiting
                else (
                    "There is nobody to invite: everybody has signed in or was "
                    "invited already."
                )
            )

    def _tell(self, plan: Plan) -> None:
        for change in plan.changes:
            if change.step is not Step.SAME:
                words = " → ".join(filter(None, [change.before, change.after]))
                if change.before == change.after:
                    words = change.before
                self.stdout.write(f"{change.step:8} {change.email}  {words}")
                for note in change.notes:
                    self.stdout.write(f"{'':8} {note}")
        counts = ", ".join(f"{count} {step}" for step, count in plan.counts.items())
        self.stdout.write(counts)
