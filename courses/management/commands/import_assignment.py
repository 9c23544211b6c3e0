"""manage.py import_assignment PATH --course SLUG --assignment SLUG [--publish]"""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import SYSTEM
from courses.bundle import (
    Bundle,
    BundleError,
    FileKind,
    Limits,
    QuestionKind,
    RequiredFile,
    Visibility,
    read_bundle,
)
from courses.importing import Format, ImportOptions, Prepared, prepare
from courses.models import Assignment
from courses.services.revisions import import_revision

_KINDS = {
    ".safetensors": FileKind.SAFETENSORS,
    ".pt": FileKind.STATE_DICT,
    ".pth": FileKind.STATE_DICT,
}
_MEBIBYTE = 1024**2


class Command(BaseCommand):
    help = (
        "Import an assignment as a revision: a folder, a .zip or an .ipynb, in our own "
        "format, nbgrader's or Otter's."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a folder, a .zip or an .ipynb")
        parser.add_argument("--course", default="", help="the course's slug")
        parser.add_argument("--assignment", default="", help="its slug there")
        parser.add_argument(
            "--publish",
            action="store_true",
            help="mark new work by this revision from now on",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be imported"
        )
        parser.add_argument(
            "--format",
            choices=list(Format),
            help="of the source; found out if left out",
        )
        parser.add_argument(
            "--write", type=Path, help="also keep the folder in our own format here"
        )
        _add_foreign_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        target = None if options["dry_run"] else _assignment(options)
        try:
            with tempfile.TemporaryDirectory(prefix="softmark-import-") as scratch:
                prepared = prepare(
                    options["path"].resolve(),
                    scratch=Path(scratch),
                    options=_options(options),
                )
                bundle = read_bundle(prepared.folder)
                if options["write"]:
                    _keep(prepared, options["write"])
                self._tell(prepared, bundle, in_full=target is None)
                if target is not None:
                    self._import(target, bundle, publish=options["publish"])
        except BundleError as error:
            raise CommandError(
                f"Nothing was imported. {len(error.faults)} to put right:\n{error}"
            ) from error

    def _tell(self, prepared: Prepared, bundle: Bundle, *, in_full: bool) -> None:
        for note in prepared.notes:
            self.stdout.write(f"Note: {note}")
        if in_full:
            for line in _outline(prepared, bundle):
                self.stdout.write(line)

    def _import(self, assignment: Assignment, bundle: Bundle, *, publish: bool) -> None:
        revision = import_revision(
            actor=SYSTEM, assignment=assignment, bundle=bundle, publish=publish
        )
        is_published = Assignment.objects.get(pk=assignment.pk).revision == revision
        self.stdout.write(
            f"{assignment}: revision {revision.number} with {len(bundle.questions)} "
            f"questions worth {bundle.points} points, "
            + ("published." if is_published else "not published.")
        )


def _add_foreign_arguments(parser: CommandParser) -> None:
    group = parser.add_argument_group("what nbgrader and Otter do not say")
    group.add_argument(
        "--notebook", type=Path, help="which of several, or a file beside the source"
    )
    group.add_argument("--title", default="")
    group.add_argument("--environment", default="default")
    group.add_argument("--queue", choices=["cpu", "gpu"], default="cpu")
    group.add_argument(
        "--hidden",
        choices=list(Visibility),
        default=Visibility.AFTER_RELEASE,
        help="when students see what hidden tests found",
    )
    group.add_argument(
        "--points",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=POINTS",
        help="what a question is worth, shared equally by its checks",
    )
    group.add_argument(
        "--require",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME[=MB]",
        help="files handed in beside the notebook, and how large they may be",
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
            f"“{options['course']}”. Make it in the admin first."
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
        points=dict(map(_worth, options["points"])),
        required_files=tuple(map(_required, options["require"])),
        limits=Limits(**{limit.name: options[limit.name] for limit in fields(Limits)}),
    )


def _worth(text: str) -> tuple[str, Decimal]:
    key, _, number = text.partition("=")
    try:
        points = Decimal(number)
    except InvalidOperation as error:
        raise CommandError(f"“{text}” is not KEY=POINTS, such as conv2d=5.") from error
    if not points.is_finite() or points < 0:
        raise CommandError(f"“{text}”: points are numbers from 0 up.")
    return key, points


def _required(text: str) -> RequiredFile:
    name, _, size = text.partition("=")
    if size and not (size.isdecimal() and int(size)):
        raise CommandError(f"“{text}” is not NAME or NAME=MB, such as net.pth=20.")
    return RequiredFile(
        name=name,
        kind=_KINDS.get(Path(name).suffix, FileKind.OTHER),
        max_bytes=int(size or 50) * _MEBIBYTE,
    )


def _keep(prepared: Prepared, target: Path) -> None:
    if target.exists():
        raise CommandError(f"“{target}” is there already. Name a new folder.")
    shutil.copytree(prepared.folder, target)


def _outline(prepared: Prepared, bundle: Bundle) -> Iterator[str]:
    """What would be imported, a line for each question and check."""
    yield f"{bundle.title} ({prepared.format}), {bundle.points} points, {bundle.notebook}"
    for question in bundle.questions:
        style = "manual" if question.kind == QuestionKind.MANUAL else question.style
        yield f"  {question.key}  {question.points}  {style}  {question.title}"
        for check in question.checks:
            yield f"    {check.name}  {check.points}  {check.visibility}"
    for name, target in bundle.imports.items():
        yield f"  {name} is {target} in every test"
    yield "Nothing was imported: this was a dry run."
