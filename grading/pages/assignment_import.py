"""The page on which staff import an assignment: what an upload would become."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from courses.services.pending_imports import Preview
from formats.assignment import Limits, Question, Visibility
from formats.choices import Part, QuestionKind
from formats.problems import Problem
from grading.forms.assignment_import import FORMATS, SEEN
from runner.protocol.jobs import Scalar


@dataclass(frozen=True, kw_only=True)
class QuestionRow:
    """One question as it would be imported. `seen` says when its checks are shown."""

    key: str
    title: str
    points: Decimal
    how: str
    checks: int
    seen: str


@dataclass(frozen=True, kw_only=True)
class PreviewPage:
    """What an upload would become. `notebook` is empty if nothing is run."""

    title: str
    format: str
    notebook: str
    points: Decimal
    digest: str
    questions: tuple[QuestionRow, ...]
    required: tuple[str, ...]
    solution: tuple[str, ...]
    public: tuple[str, ...]
    private: tuple[str, ...]
    parameters: tuple[tuple[str, Scalar], ...]
    environment: str
    queue: str
    limits: str
    imports: tuple[tuple[str, str], ...]
    notes: tuple[Problem, ...]


def preview_page(preview: Preview) -> PreviewPage:
    """Return the preview as the page shows it."""
    bundle = preview.bundle
    files = {
        part: tuple(file.name for file in bundle.files if file.part == part)
        for part in (Part.PUBLIC, Part.PRIVATE, Part.SOLUTION)
    }
    return PreviewPage(
        title=bundle.title,
        format=FORMATS[preview.prepared.format],
        notebook=bundle.notebook,
        points=bundle.points,
        digest=preview.digest,
        questions=tuple(_row(question) for question in bundle.questions),
        required=tuple(file.name for file in bundle.required_files),
        solution=files[Part.SOLUTION],
        public=files[Part.PUBLIC],
        private=files[Part.PRIVATE],
        parameters=tuple(bundle.parameters.items()),
        environment=bundle.environment,
        queue=bundle.queue.upper(),
        limits=_limits(bundle.limits, has_gpu=bundle.queue == "gpu"),
        imports=tuple(sorted(bundle.imports.items())),
        notes=preview.notes,
    )


def _limits(limits: Limits, *, has_gpu: bool) -> str:
    words = (
        f"{limits.run_seconds} s for a run, {limits.cell_seconds} s for a cell, "
        f"{limits.question_seconds} s for a question, {limits.memory_mb} MB of memory, "
        f"{limits.disk_mb} MB of disk"
    )
    return f"{words}, {limits.gpu_memory_mb} MB of the GPU" if has_gpu else words


def _row(question: Question) -> QuestionRow:
    is_manual = question.kind == QuestionKind.MANUAL
    seen = Counter(check.visibility for check in question.checks)
    return QuestionRow(
        key=question.key,
        title=question.title,
        points=question.points,
        how="by hand" if is_manual else f"tests, {question.style.value}",
        checks=len(question.checks),
        seen=", ".join(f"{seen[v]} {SEEN[v]}" for v in Visibility if seen[v]),
    )
