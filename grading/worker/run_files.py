"""What a run executes: the files that a student handed in, or a trial's own."""

from dataclasses import dataclass

from courses.models import RequiredFile, RevisionFile
from grading.models import GradingRun, Trial


@dataclass(frozen=True, kw_only=True)
class HandedIn:
    """A file as if it had been handed in, under the name that it runs under."""

    name: str
    kind: str
    sha256: str
    size: int


def handed_in(run: GradingRun) -> tuple[HandedIn, ...]:
    """Return the run's files: of a trial, those of its revision's bundle.

    The model solution is the staff notebook with the files of `solution/`. The
    hand-out is tried alone, as a student has it who has done nothing.
    """
    if run.submission is not None:
        return tuple(
            HandedIn(name=file.name, kind=file.kind, sha256=file.sha256, size=file.size)
            for file in run.submission.files.all()
        )
    is_solution = run.trial == Trial.SOLUTION
    notebook = RevisionFile.Part.STAFF if is_solution else RevisionFile.Part.HANDOUT
    parts = {notebook, RevisionFile.Part.SOLUTION} if is_solution else {notebook}
    kinds = {file.name: file.kind for file in run.revision.required_files.all()}
    return tuple(
        HandedIn(
            name=part.name,
            kind=RequiredFile.Kind.NOTEBOOK
            if part.part == notebook
            else kinds.get(part.name, RequiredFile.Kind.OTHER),
            sha256=part.sha256,
            size=part.size,
        )
        for part in run.revision.files.all()
        if part.part in parts
    )
