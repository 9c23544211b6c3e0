"""From a run to the job that the runner executes: plain data, and nobody's name."""

import json
from collections.abc import Sequence

from courses.blobs import blob_path, read_blob
from courses.bundle import check_cells
from courses.models import AssignmentRevision, Question, RequiredFile, RevisionFile
from grading.inputs import HandedIn, handed_in
from grading.models import GradingRun
from runner.protocol import (
    CheckSpec,
    Device,
    JobFile,
    JobSpec,
    Limits,
    QuestionSpec,
)


class IncompleteRevisionError(Exception):
    """The revision or the submission lacks a part without which nothing can run."""


def build_job(run: GradingRun) -> JobSpec:
    """Return everything that the run's job needs, checked against the hashes.

    Raises BlobMissingError where content is gone or damaged, and
    IncompleteRevisionError where a row is missing.
    """
    revision = run.revision
    submitted = handed_in(run)
    parts = list(revision.files.all())
    questions = [
        question
        for question in revision.questions.all()
        if question.kind == Question.Kind.AUTO
    ]
    return JobSpec(
        # Two tries of one run may be alive at once, when the first was frozen.
        job_id=f"{run.pk}-{run.lease_token}",
        environment=revision.environment,
        notebook=_notebook(submitted),
        notebook_name=revision.notebook_name,
        files=_files(submitted, parts),
        private_files=tuple(
            _job_file(part) for part in parts if part.part == RevisionFile.Part.PRIVATE
        ),
        questions=tuple(_question(question, parts) for question in questions),
        restored=_restored(parts, questions),
        limits=_limits(revision),
        seed=revision.seed,
        skip_tags=tuple(revision.skip_tags),
        parameters=dict(revision.parameters),
        device=Device.CUDA if revision.queue == "gpu" else Device.CPU,
    )


def _limits(revision: AssignmentRevision) -> Limits:
    return Limits(
        cell_seconds=revision.cell_seconds,
        question_seconds=revision.question_seconds,
        run_seconds=revision.run_seconds,
        memory_bytes=revision.memory_mb * 1024**2,
        disk_bytes=revision.disk_mb * 1024**2,
        gpu_memory_bytes=revision.gpu_memory_mb * 1024**2,
    )


def _notebook(submitted: Sequence[HandedIn]) -> str:
    for file in submitted:
        if file.kind == RequiredFile.Kind.NOTEBOOK:
            return read_blob(file.sha256).decode("utf-8-sig", "replace")
    raise IncompleteRevisionError("The submission has no notebook.")


def _files(
    submitted: Sequence[HandedIn], parts: Sequence[RevisionFile]
) -> tuple[JobFile, ...]:
    """What lies beside the notebook: the course's public data and the student's files.

    A handed-in file never takes the place of the course's own.
    """
    found = {
        file.name: _job_file(file)
        for file in submitted
        if file.kind != RequiredFile.Kind.NOTEBOOK
    }
    found |= {
        part.name: _job_file(part)
        for part in parts
        if part.part == RevisionFile.Part.PUBLIC
    }
    return tuple(found.values())


def _job_file(file: HandedIn | RevisionFile) -> JobFile:
    return JobFile(
        name=file.name,
        path=str(blob_path(file.sha256)),
        sha256=file.sha256,
        size=file.size,
    )


def _question(question: Question, parts: Sequence[RevisionFile]) -> QuestionSpec:
    name = f"{question.key}.py"
    for part in parts:
        if part.part == RevisionFile.Part.TESTS and part.name == name:
            return QuestionSpec(
                key=question.key,
                source=read_blob(part.sha256).decode(),
                checks=tuple(
                    CheckSpec(name=check["name"]) for check in question.checks
                ),
            )
    raise IncompleteRevisionError(f"The revision has no tests/{name}.")


def _restored(
    parts: Sequence[RevisionFile], questions: Sequence[Question]
) -> dict[str, str]:
    """The staff's own check cells, by question: the student's copies are not run."""
    staff = next((part for part in parts if part.part == RevisionFile.Part.STAFF), None)
    if staff is None:
        return {}
    keys = {question.key for question in questions}
    cells = check_cells(json.loads(read_blob(staff.sha256).decode("utf-8-sig")))
    return {key: source for key, source in cells.items() if key in keys}
