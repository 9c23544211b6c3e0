"""Uploads that a person previews before a revision is made from them."""

import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Final

from accounts.models import User
from courses.models import Assignment, AssignmentRevision
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.held_uploads import (
    NothingPendingError,
    forget_old_uploads,
    held_uploads_folder,
    whole_upload_in,
)
from courses.services.revisions import bundle_sha256, import_revision
from formats.assignment import (
    Bundle,
    ImportRefusedError,
    read_bundle,
)
from formats.assignment.manifest import NAME
from formats.importing import ImportOptions, PreparedFolder, notes_on, prepare_folder
from formats.problems import Problem

_KINDS: Final = (".zip", ".ipynb")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an upload would become. `digest` names exactly this content."""

    prepared: PreparedFolder
    bundle: Bundle
    digest: str
    notes: tuple[Problem, ...] = ()


def hold_upload(
    *,
    actor: User,
    assignment: Assignment,
    package: tuple[str, IO[bytes]],
    notebook: tuple[str, IO[bytes]] | None,
    solution: Sequence[tuple[str, IO[bytes]]] = (),
) -> None:
    """Keep the person's upload for this assignment, in place of an earlier one.

    Raises PermissionDenied if they may not edit the course, and ImportRefusedError if the
    upload is of a kind that cannot be imported.
    """
    require_right(actor, Right.EDIT, assignment.course)
    forget_old_uploads()
    folder = _folder(actor, assignment)
    shutil.rmtree(folder, ignore_errors=True)
    with whole_upload_in(folder):
        _store_upload(package, folder / "package", _KINDS)
        if notebook is not None:
            _store_upload(notebook, folder / "notebook", (".ipynb",))
        for name, content in solution:
            _store_solution(name, content, folder / "solution")


def preview_upload(
    *,
    actor: User,
    assignment: Assignment,
    options: ImportOptions,
    installed: Mapping[str, Collection[str]],
) -> Preview:
    """Return what the kept upload would become, or raise ImportRefusedError.

    `installed` says which modules can be imported in each environment. Raises
    NothingPendingError if nothing is kept.
    """
    require_right(actor, Right.EDIT, assignment.course)
    with _opened(actor, assignment, options) as preview:
        notes = notes_on(preview.prepared, preview.bundle, installed)
        return replace(preview, notes=notes)


def import_upload(
    *, actor: User, assignment: Assignment, options: ImportOptions, digest: str
) -> AssignmentRevision:
    """Make an unpublished revision of the kept upload, and delete the upload.

    Raises NothingPendingError if it is no longer what the preview showed.
    """
    require_right(actor, Right.EDIT, assignment.course)
    with _opened(actor, assignment, options) as preview:
        if preview.digest != digest:
            raise NothingPendingError
        revision = import_revision(
            actor=actor, assignment=assignment, bundle=preview.bundle
        )
    shutil.rmtree(_folder(actor, assignment), ignore_errors=True)
    return revision


@contextmanager
def _opened(
    actor: User, assignment: Assignment, options: ImportOptions
) -> Iterator[Preview]:
    folder = _folder(actor, assignment)
    package = next(iter(folder.glob("package/*")), None)
    if package is None:
        raise NothingPendingError
    notebook = next(iter(folder.glob("notebook/*")), options.notebook)
    with tempfile.TemporaryDirectory(
        dir=held_uploads_folder(), prefix="scratch-"
    ) as scratch:
        solution = tuple(sorted(folder.glob("solution/*")))
        chosen = replace(options, notebook=notebook, solution=solution)
        prepared = prepare_folder(package, scratch=Path(scratch), options=chosen)
        bundle = read_bundle(prepared.folder)
        yield Preview(
            prepared=prepared,
            bundle=bundle,
            digest=bundle_sha256(bundle),
        )


def _folder(actor: User, assignment: Assignment) -> Path:
    return held_uploads_folder() / f"{actor.pk}-{assignment.pk}"


def _store_upload(
    upload: tuple[str, IO[bytes]], folder: Path, kinds: tuple[str, ...]
) -> None:
    name, content = upload
    suffix = Path(name).suffix.lower()
    if suffix not in kinds:
        raise ImportRefusedError(
            (
                Problem(
                    message=f"The file must end in {' or '.join(kinds)}.",
                    file=Path(name).name[:80],
                    hint="Make a zip of the assignment's folder.",
                ),
            )
        )
    folder.mkdir(mode=0o700, parents=True)
    with (folder / f"{_stem(name)}{suffix}").open("wb") as sink:
        shutil.copyfileobj(content, sink)


def _store_solution(name: str, content: IO[bytes], folder: Path) -> None:
    """Store a file of the model solution by its name, or raise ImportRefusedError."""
    plain = PurePosixPath(name.replace("\\", "/")).name
    if not NAME.fullmatch(plain):
        raise ImportRefusedError(
            (
                Problem(
                    message="A file that students hand in may not have this name.",
                    file=plain[:80],
                    hint="Use letters, digits, dots, dashes, spaces and brackets.",
                ),
            )
        )
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / plain).open("wb") as sink:
        shutil.copyfileobj(content, sink)


def _stem(name: str) -> str:
    """Return the name without its suffix, as it may be stored on the disk."""
    kept = "".join(
        c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name
    )
    return Path(kept).stem.strip(".-")[:80] or "upload"
