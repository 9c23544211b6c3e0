"""manage.py import_assignment FOLDER --course SLUG --assignment SLUG [--publish]"""

import time
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import SYSTEM
from courses.bundle import Bundle, BundleError, read_bundle
from courses.models import Assignment, AssignmentRevision
from courses.services.revisions import import_revision
from grading.services import TrialsNotGoodError, publish_revision, start_trials
from grading.trials import Trials, trials_of

_LOOK_EVERY: Final = 0.5


class Command(BaseCommand):
    help = "Import the folder of an assignment as a revision of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="holds assignment.yaml")
        parser.add_argument("--course", required=True, help="the course's slug")
        parser.add_argument("--assignment", required=True, help="its slug there")
        parser.add_argument(
            "--publish",
            action="store_true",
            help="mark new work by this revision once its trial runs are as they "
            "must be, for which a worker is needed",
        )
        parser.add_argument(
            "--wait",
            type=float,
            default=60,
            metavar="SECONDS",
            help="with --publish: how long to wait for the trial runs (default 60)",
        )
        parser.add_argument(
            "--override",
            default="",
            metavar="REASON",
            help="with --publish: publish at once whatever the trial runs say; the "
            "reason is kept",
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
        bundle, revision = _import(options["folder"], assignment)
        if not trials_of(revision).are_good:
            start_trials(actor=SYSTEM, revision=revision)
        refused = ""
        if options["publish"]:
            refused = _publish(revision, options["override"], options["wait"])
        is_published = Assignment.objects.get(pk=assignment.pk).revision == revision
        self.stdout.write(
            f"{assignment}: revision {revision.number} with {len(bundle.questions)} "
            f"questions worth {bundle.points} points, "
            + ("published." if is_published else "not published.")
        )
        if refused:
            raise CommandError(refused)


def _import(folder: Path, assignment: Assignment) -> tuple[Bundle, AssignmentRevision]:
    try:
        bundle = read_bundle(folder)
        revision = import_revision(actor=SYSTEM, assignment=assignment, bundle=bundle)
    except BundleError as error:
        raise CommandError(
            f"Nothing was imported. {len(error.faults)} to put right:\n{error}"
        ) from error
    return bundle, revision


def _publish(revision: AssignmentRevision, override: str, wait: float) -> str:
    """Publish, or say why not."""
    give_up_at = time.monotonic() + (0 if override else wait)
    trials = trials_of(revision)
    while trials.are_under_way and time.monotonic() < give_up_at:
        time.sleep(_LOOK_EVERY)
        trials = trials_of(revision)
    try:
        publish_revision(actor=SYSTEM, revision=revision, reason=override)
    except TrialsNotGoodError as refused:
        return _why_not(refused.trials)
    return ""


def _why_not(trials: Trials) -> str:
    if trials.are_under_way:
        return (
            "It was not published: its trial runs still wait for a worker, or run. "
            "Publish it on its page when they have ended, import it again, or give a "
            "reason with --override."
        )
    said = ", ".join(
        f"{report.trial.label.lower()} "
        + ("has no result" if report.earned is None else f"earned {report.earned}")
        + f" and must earn {report.must_earn}"
        for report in trials.both
    )
    return f"It was not published: {said}. Its page says which checks."
