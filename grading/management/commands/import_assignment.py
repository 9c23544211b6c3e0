"""manage.py import_assignment PATH --course SLUG --assignment SLUG [--publish]"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import SYSTEM
from courses.models import Assignment, AssignmentRevision
from courses.services.revisions import import_revision
from formats.assignment import (
    Bundle,
    ImportRefusedError,
    Limits,
    Visibility,
    read_bundle,
)
from formats.choices import Part, QuestionKind
from formats.importing import (
    Format,
    ImportOptions,
    OptionError,
    PreparedFolder,
    notes_on,
    prepare_folder,
    read_parameter,
    read_points,
    read_required,
)
from grading.services import TrialsNotGoodError, publish_revision, start_trials
from grading.services.environment_records import installed_modules
from grading.trial_state import Trials, trials_of

T = TypeVar("T")
_LOOK_EVERY: Final = 0.5


class Command(BaseCommand):
    help = (
        "Import an assignment as a revision: a folder, a .zip or an .ipynb, in our own "
        "format, nbgrader's or Otter's."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a folder, a .zip or an .ipynb")
        parser.add_argument("--course", default="", help="the course's slug")
        parser.add_argument(
            "--assignment",
            default="",
            help="the slug of the assignment in this course",
        )
        parser.add_argument(
            "--publish",
            action="store_true",
            help="mark new work with this revision as soon as its trial runs are as "
            "expected; this needs a running worker",
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
            help="with --publish: publish at once, even if the trial runs are not as "
            "expected; the reason is recorded",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only show what would be imported"
        )
        parser.add_argument(
            "--format",
            choices=list(Format),
            help="the format of the source; by default it is recognised",
        )
        parser.add_argument(
            "--write",
            type=Path,
            help="also write the folder in Softmark's own format here",
        )
        _add_foreign_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        target = None if options["dry_run"] else _assignment(options)
        try:
            with tempfile.TemporaryDirectory(prefix="softmark-import-") as scratch:
                prepared = prepare_folder(
                    options["path"].resolve(),
                    scratch=Path(scratch),
                    options=_options(options),
                )
                bundle = read_bundle(prepared.folder)
                if options["write"]:
                    _keep(prepared, options["write"])
                self._tell(prepared, bundle, in_full=target is None)
                if target is not None:
                    revision = import_revision(
                        actor=SYSTEM, assignment=target, bundle=bundle
                    )
        except ImportRefusedError as error:
            raise CommandError(
                f"Nothing was imported. {len(error.problems)} to correct:\n{error}"
            ) from error
        if target is not None:
            self._try(target, bundle, revision, options)

    def _tell(self, prepared: PreparedFolder, bundle: Bundle, *, in_full: bool) -> None:
        for note in notes_on(prepared, bundle, installed_modules()):
            self.stdout.write(f"Note: {note}")
        if in_full:
            for line in _outline(prepared, bundle):
                self.stdout.write(line)

    def _try(
        self,
        assignment: Assignment,
        bundle: Bundle,
        revision: AssignmentRevision,
        options: dict[str, Any],
    ) -> None:
        """Put the trial runs in the queue; publish the revision if asked to."""
        if not trials_of(revision).are_good:
            start_trials(actor=SYSTEM, revision=revision)
        refused = ""
        if options["publish"]:
            refused = _publish(revision, options["override"], options["wait"])
        is_published = Assignment.objects.get(pk=assignment.pk).revision == revision
        self.stdout.write(
            f"{assignment}: revision {revision.number} with "
            f"{_count(len(bundle.questions), 'question')} worth "
            f"{_count(bundle.points, 'point')}, "
            + ("published." if is_published else "not published.")
        )
        if refused:
            raise CommandError(refused)


def _count(number: int | Decimal, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _publish(revision: AssignmentRevision, override: str, wait: float) -> str:
    """Publish the revision, or return why not; "" if it is published."""
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
            "It was not published, because its trial runs are still running or wait "
            "for a worker. When they have ended, publish it on its page or import it "
            "again. To publish it anyway, give a reason with --override."
        )
    said = ", ".join(
        f"{report.trial.label.lower()} "
        + ("has no result" if report.earned is None else f"earned {report.earned}")
        + f" and must earn {report.must_earn}"
        for report in trials.both
    )
    return f"It was not published: {said}. The revision's page shows the checks."


def _add_foreign_arguments(parser: CommandParser) -> None:
    group = parser.add_argument_group("settings that nbgrader and Otter do not have")
    group.add_argument(
        "--notebook",
        type=Path,
        help="the notebook to import if there are several, or a file beside the source",
    )
    group.add_argument("--title", default="")
    group.add_argument("--environment", default="default")
    group.add_argument("--queue", choices=["cpu", "gpu"], default="cpu")
    group.add_argument(
        "--hidden",
        choices=list(Visibility),
        default=Visibility.AFTER_RELEASE,
        help="when students see the results of hidden tests",
    )
    group.add_argument(
        "--points",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=POINTS",
        help="the points of a question; its checks share them equally",
    )
    group.add_argument(
        "--require",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME[=MB]",
        help="files that students hand in beside the notebook, and their largest size",
    )
    group.add_argument(
        "--solution",
        nargs="+",
        action="extend",
        default=[],
        type=Path,
        metavar="FILE",
        help="these files of the model solution, if they are not beside its notebook",
    )
    group.add_argument(
        "--parameter",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="set before every cell that sets it, such as epochs=1",
    )
    for limit in fields(Limits):
        name = "--" + limit.name.replace("_", "-")
        group.add_argument(name, type=int, default=limit.default)


def _assignment(options: dict[str, Any]) -> Assignment:
    found = Assignment.objects.filter(
        course__slug=options["course"], slug=options["assignment"]
    ).first()
    if found is None:
        raise CommandError(
            f"There is no assignment “{options['assignment']}” in a course "
            f"“{options['course']}”. Create it in the portal first."
        )
    return found


def _options(options: dict[str, Any]) -> ImportOptions:
    return ImportOptions(
        format=Format(options["format"]) if options["format"] else None,
        notebook=options["notebook"],
        title=options["title"],
        environment=options["environment"],
        queue=options["queue"],
        hidden=Visibility(options["hidden"]),
        points=dict(_read(read_points, options["points"])),
        parameters=dict(_read(read_parameter, options["parameter"])),
        required_files=_read(read_required, options["require"]),
        solution=tuple(map(_existing, options["solution"])),
        limits=Limits(**{limit.name: options[limit.name] for limit in fields(Limits)}),
    )


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise CommandError(f"There is no file “{path}”.")
    return path.resolve()


def _read(read: Callable[[str], T], texts: Sequence[str]) -> tuple[T, ...]:
    try:
        return tuple(map(read, texts))
    except OptionError as error:
        raise CommandError(str(error)) from error


def _keep(prepared: PreparedFolder, target: Path) -> None:
    if target.exists():
        raise CommandError(f"“{target}” exists already. Name a new folder.")
    shutil.copytree(prepared.folder, target)


def _outline(prepared: PreparedFolder, bundle: Bundle) -> Iterator[str]:
    """Yield what would be imported, with a line for each question and check."""
    runs = bundle.notebook or "files only"
    yield f"{bundle.title} ({prepared.format}), {bundle.points} points, {runs}"
    for question in bundle.questions:
        style = "manual" if question.kind == QuestionKind.MANUAL else question.style
        yield f"  {question.key}  {question.points}  {style}  {question.title}"
        for check in question.checks:
            yield f"    {check.name}  {check.points}  {check.visibility}"
    for file in bundle.files:
        if file.part in (Part.PUBLIC, Part.PRIVATE, Part.SOLUTION):
            yield f"  {file.part}/{file.name}  {file.size:,} bytes"
    for name, target in bundle.imports.items():
        yield f"  {name} is {target} in every test"
    yield "Nothing was imported: this was a dry run."
