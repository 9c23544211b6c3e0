"""Builds the job of a run for the runner: plain data, without anybody's name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from courses.handouts import restorable_cells
from courses.models import AssignmentRevision, Question, RevisionFile
from formats.assignment import (
    Visibility,
    check_cells,
    locked_cells,
    mark_cells,
    split_sections,
    without_tests,
)
from formats.choices import FileKind, Part, QuestionKind
from formats.notebook.normalise import NotebookFaultError, readable_notebook
from grading.models import GradingRun
from grading.worker.run_files import RunFile, files_of_run
from grading.worker.staff_notebooks import handout_cells, staff_definitions
from runner.protocol.jobs import (
    CheckSpec,
    Device,
    JobFile,
    JobSpec,
    Limits,
    QuestionSpec,
    TestStyle,
)
from storage.blobs import blob_path, read_blob

# Checks that are shown later run later, and those that are never shown run last: a
# shown result must tell nothing about what a later check returns.
_SECRECY: Final[Mapping[Visibility, int]] = {
    Visibility.ALWAYS: 0,
    Visibility.AFTER_DEADLINE: 1,
    Visibility.AFTER_RELEASE: 2,
    Visibility.NEVER: 3,
}


class IncompleteRevisionError(Exception):
    """The revision or the submission lacks a part without which nothing can run."""


def build_job(run: GradingRun) -> JobSpec:
    """Return everything that the run's job needs, checked against the hashes.

    Raises BlobMissingError if content is missing or damaged, and
    IncompleteRevisionError if a row is missing.
    """
    revision = run.revision
    submitted = files_of_run(run)
    parts = list(revision.files.all())
    questions = [
        question
        for question in revision.questions.all()
        if question.kind == QuestionKind.AUTO
    ]
    if run.grading_seed is None:
        raise IncompleteRevisionError("The run has no secret for its tests.")
    given = restorable_cells(parts)
    defined = staff_definitions(parts)
    return JobSpec(
        # Two tries of one run may be alive at the same time, if the first was frozen.
        job_id=f"{run.pk}-{run.lease_token}",
        environment=revision.environment,
        notebook=_notebook(submitted, given, questions),
        notebook_name=revision.notebook_name,
        files=_handed_in(submitted, parts),
        public_files=_of_part(Part.PUBLIC, parts),
        private_files=_of_part(Part.PRIVATE, parts),
        questions=tuple(
            _question(question, parts, is_self_check=run.self_check_id is not None)
            for question in questions
        ),
        test_names=dict(revision.imports),
        defined_names=tuple(sorted(defined.names)),
        defined_classes=tuple(sorted(defined.classes)),
        defined_functions=tuple(sorted(defined.functions)),
        defined_methods=tuple(sorted(defined.methods)),
        restored=_restored(given, questions),
        handout=handout_cells(parts, [question.key for question in questions]),
        limits=_limits(revision),
        seed=revision.seed,
        grading_seed=run.grading_seed,
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


def _notebook(
    submitted: Sequence[RunFile],
    given: dict[str, Any] | None,
    questions: Sequence[Question],
) -> str:
    """Return the notebook text that was checked at upload, with its cells marked.

    Cells that students may not change have the text of the hand-out.
    """
    for file in submitted:
        if file.kind == FileKind.NOTEBOOK:
            data = read_blob(file.sha256)
            locked = locked_cells(given) if given is not None else {}
            return _marked(data, [question.key for question in questions], locked)
    raise IncompleteRevisionError("The submission has no notebook.")


def _marked(data: bytes, keys: Sequence[str], locked: Mapping[str, str]) -> str:
    """Return the notebook with marked cells, or as it is if it will be refused."""
    try:
        notebook = json.loads(readable_notebook(data))
    except NotebookFaultError:
        return data.decode("utf-8-sig", "replace")
    mark_cells(notebook, keys, locked)
    return json.dumps(notebook, ensure_ascii=False)


def _handed_in(
    submitted: Sequence[RunFile], parts: Sequence[RevisionFile]
) -> tuple[JobFile, ...]:
    """Return the files that the student handed in beside the notebook.

    A handed-in file never replaces one of the course's own files.
    """
    taken = {part.name.casefold() for part in parts if part.part == Part.PUBLIC}
    return tuple(
        _job_file(file)
        for file in submitted
        if file.kind != FileKind.NOTEBOOK and file.name.casefold() not in taken
    )


def _of_part(wanted: Part, parts: Sequence[RevisionFile]) -> tuple[JobFile, ...]:
    return tuple(_job_file(part) for part in parts if part.part == wanted)


def _job_file(file: RunFile | RevisionFile) -> JobFile:
    return JobFile(
        name=file.name,
        path=str(blob_path(file.sha256)),
        sha256=file.sha256,
        size=file.size,
    )


def _question(
    question: Question, parts: Sequence[RevisionFile], *, is_self_check: bool
) -> QuestionSpec:
    name = f"{question.key}.py"
    for part in parts:
        if part.part == Part.TESTS and part.name == name:
            text = read_blob(part.sha256).decode("utf-8-sig")
            whole = _question_spec(question, text)
            return _shown_at_once(question, whole) if is_self_check else whole
    raise IncompleteRevisionError(f"The revision has no tests/{name}.")


def _shown_at_once(question: Question, whole: QuestionSpec) -> QuestionSpec:
    """Return the question with the checks that are shown at once, and their tests.

    A question without such a check stays without any. The hand-out names it, and its
    check cell is restored and run as for a hand-in, so that what follows is the same.
    """
    hidden = {
        check["name"]
        for check in question.checks
        if Visibility(check["visibility"]) != Visibility.ALWAYS
    }
    checks = tuple(check for check in whole.checks if check.name not in hidden)
    if not checks:
        return replace(whole, source="", checks=())
    return replace(whole, source=without_tests(whole.source, hidden), checks=checks)


def _question_spec(question: Question, text: str) -> QuestionSpec:
    """Return the question with its tests: one module, or code for each check."""
    style = TestStyle(question.style)
    pieces = {
        each.name: each.source for each in split_sections(text) if style.has_sections
    }
    if style.has_sections and not {check["name"] for check in question.checks} <= set(
        pieces
    ):
        raise IncompleteRevisionError(f"A check of {question.key} has no section.")
    return QuestionSpec(
        key=question.key,
        source="" if style.has_sections else text,
        checks=tuple(
            CheckSpec(
                name=check["name"],
                source=pieces.get(check["name"], ""),
                secrecy=_SECRECY[Visibility(check["visibility"])],
            )
            for check in question.checks
        ),
        style=style,
    )


def _restored(
    given: dict[str, Any] | None, questions: Sequence[Question]
) -> dict[str, str]:
    """Return the hand-out's check cells by question; they replace the student's."""
    if given is None:
        return {}
    keys = {question.key for question in questions}
    return {key: text for key, text in check_cells(given).items() if key in keys}
