"""Uploaded course files: previewing what one would change, and importing just that."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from accounts.models import User
from courses.models import Course
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.course_files import CourseImport, import_course_file
from courses.services.creating import require_course_creator
from courses.services.held_uploads import (
    NothingPendingError,
    forget_old_uploads,
    held_uploads_folder,
    whole_upload_in,
)
from formats.archives import unpack
from formats.course.dates import AcademicYear
from formats.problems import ImportRefusedError, Problem

_KINDS: Final = (".yaml", ".yml", ".zip")
_NAMES: Final = ("course.yaml", "course.yml")


@dataclass(frozen=True, kw_only=True)
class CourseFilePreview:
    """What the kept file would change. `digest` names exactly these changes."""

    imported: CourseImport
    digest: str


def hold_course_file(
    *, actor: User, course: Course | None, upload: tuple[str, IO[bytes]]
) -> None:
    """Keep the person's file for the course, or for a new one, until they confirm.

    Raises ImportRefusedError if it is not a YAML or zip file, and PermissionDenied.
    """
    _authorise(actor, course)
    name, content = upload
    kind = Path(name).suffix.lower()
    if kind not in _KINDS:
        raise ImportRefusedError(
            (
                Problem(
                    message="A course file is a YAML file, or a zip with course.yaml.",
                    file=Path(name).name[:80],
                    hint="Choose course.yaml, or make a zip of its folder.",
                ),
            )
        )
    forget_old_uploads()
    folder = _folder(actor, course)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    stored = "course.zip" if kind == ".zip" else "course.yaml"
    with whole_upload_in(folder), (folder / stored).open("wb") as sink:
        shutil.copyfileobj(content, sink)


def preview_course_file(
    *, actor: User, course: Course | None, year: AcademicYear
) -> CourseFilePreview:
    """Return what the kept file would change.

    Raises ImportRefusedError with all faults, NothingPendingError if no file is kept, and
    PermissionDenied.
    """
    _authorise(actor, course)
    with _opened(actor, course) as path:
        imported = _import(actor, course, path, year, dry_run=True)
        return CourseFilePreview(imported=imported, digest=_digest(path, imported))


def import_held_course_file(
    *, actor: User, course: Course | None, year: AcademicYear, digest: str
) -> CourseImport:
    """Import what the preview showed, and delete the kept file.

    Raises NothingPendingError if the file or the course is no longer what the preview
    showed, ImportRefusedError, and PermissionDenied.
    """
    _authorise(actor, course)
    with _opened(actor, course) as path:
        planned = _import(actor, course, path, year, dry_run=True)
        if _digest(path, planned) != digest:
            raise NothingPendingError
        imported = _import(actor, course, path, year, dry_run=False)
    shutil.rmtree(_folder(actor, course), ignore_errors=True)
    return imported


def _authorise(actor: User, course: Course | None) -> None:
    if course is None:
        require_course_creator(actor)
    else:
        require_right(actor, Right.EDIT, course)


def _import(
    actor: User, course: Course | None, path: Path, year: AcademicYear, *, dry_run: bool
) -> CourseImport:
    return import_course_file(
        actor=actor,
        path=path,
        year=year,
        slug=course.slug if course else "",
        must_be_new=course is None,
        dry_run=dry_run,
    )


def _digest(path: Path, planned: CourseImport) -> str:
    lines = "\n".join((planned.slug, *planned.plan.lines()))
    return hashlib.sha256(path.read_bytes() + lines.encode()).hexdigest()


@contextmanager
def _opened(actor: User, course: Course | None) -> Iterator[Path]:
    """Yield the path of the kept course file. The files that it names lie beside it."""
    folder = _folder(actor, course)
    plain, packed = folder / "course.yaml", folder / "course.zip"
    if plain.exists():
        yield plain
        return
    if not packed.exists():
        raise NothingPendingError
    with tempfile.TemporaryDirectory(
        dir=held_uploads_folder(), prefix="scratch-"
    ) as scratch:
        unpack(packed, Path(scratch))
        found = [
            path
            for name in _NAMES
            for path in (
                *Path(scratch).glob(name),
                *Path(scratch).glob(f"*/{name}"),
            )
        ]
        if len(found) != 1:
            raise ImportRefusedError(
                (
                    Problem(
                        message="The zip must hold exactly one course.yaml, at its "
                        "top or in its only folder.",
                        file=packed.name,
                        hint="Make the zip again from the folder of the course file.",
                    ),
                )
            )
        yield found[0]


def _folder(actor: User, course: Course | None) -> Path:
    return held_uploads_folder() / f"course-{actor.pk}-{course.pk if course else 'new'}"
