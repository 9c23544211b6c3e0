"""The files that a run executes: a submission's, a self-check's or a trial's own."""

from collections.abc import Iterable
from dataclasses import dataclass

from formats.choices import FileKind, Part
from grading.models import GradingRun, SelfCheckFile, Trial
from submissions.models import SubmittedFile


@dataclass(frozen=True, kw_only=True)
class RunFile:
    """A file that was handed in, or a trial's file in its place."""

    name: str
    kind: str
    sha256: str
    size: int


def files_of_run(run: GradingRun) -> tuple[RunFile, ...]:
    """Return the run's files: for a trial, those of its revision's bundle.

    The model solution is the staff notebook with the files of `solution/`. The hand-out
    is run without other files, like the work of a student who has done nothing.
    """
    if run.submission is not None:
        return _received(run.submission.files.all())
    if run.self_check is not None:
        return _received(run.self_check.files.all())
    is_solution = run.trial == Trial.SOLUTION
    notebook = Part.STAFF if is_solution else Part.HANDOUT
    parts = {notebook, Part.SOLUTION} if is_solution else {notebook}
    kinds = {file.name: file.kind for file in run.revision.required_files.all()}
    return tuple(
        RunFile(
            name=part.name,
            kind=FileKind.NOTEBOOK
            if part.part == notebook
            else kinds.get(part.name, FileKind.OTHER),
            sha256=part.sha256,
            size=part.size,
        )
        for part in run.revision.files.all()
        if part.part in parts
    )


def _received(
    files: Iterable[SubmittedFile] | Iterable[SelfCheckFile],
) -> tuple[RunFile, ...]:
    return tuple(
        RunFile(name=file.name, kind=file.kind, sha256=file.sha256, size=file.size)
        for file in files
    )
