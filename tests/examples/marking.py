"""Runs and marks the submissions of an example without a database."""

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import yaml

from formats.assignment import Bundle, BundleFile, Question, check_cells, read_bundle
from formats.choices import Part, QuestionKind
from grading.scoring import QuestionRules, score_question
from runner.host.runner import Runner
from runner.protocol.jobs import (
    CheckSpec,
    JobFile,
    JobResult,
    JobSpec,
    Limits,
    QuestionSpec,
)

EXAMPLE: Final = Path(__file__).resolve().parents[2] / "examples" / "conv-digits"
SUBMISSIONS: Final = EXAMPLE / "submissions"
EXPECTED: Final[dict[str, Any]] = yaml.safe_load(
    (EXAMPLE / "expected.yaml").read_text(encoding="utf-8")
)
WEIGHTS: Final = "digits.safetensors"


def handed_in(name: str) -> tuple[Path, Path | None]:
    """Return the notebook and the weights of one column of the README's table."""
    if name == "handout":
        return EXAMPLE / "handout.ipynb", None
    if name == "solution":
        return EXAMPLE / "staff.ipynb", EXAMPLE / "solution" / WEIGHTS
    return SUBMISSIONS / name / "conv-digits.ipynb", SUBMISSIONS / name / WEIGHTS


def run_example(runner: Runner, name: str) -> tuple[JobResult, dict[str, Decimal]]:
    """Run one column of the table; return how it ended and each question's points."""
    bundle = read_bundle(EXAMPLE)
    notebook, weights = handed_in(name)
    result = runner.run(job_of(bundle, notebook, weights))
    found = {outcome.key: outcome for outcome in result.questions}
    scored = {
        question.key: score_question(_rules(question), found.get(question.key)).points
        for question in _tested(bundle)
    }
    return result, scored


def job_of(bundle: Bundle, notebook: Path, weights: Path | None) -> JobSpec:
    """Return the job of a hand-in, as made from the rows of an imported bundle."""
    staff = json.loads((EXAMPLE / "staff.ipynb").read_text(encoding="utf-8"))
    files = [_job_file(file) for file in bundle.files if file.part == Part.PUBLIC]
    if weights is not None:
        data = weights.read_bytes()
        files.append(
            JobFile(
                name=weights.name,
                path=str(weights),
                sha256=hashlib.sha256(data).hexdigest(),
                size=len(data),
            )
        )
    return JobSpec(
        job_id=f"example-{notebook.parent.name}",
        environment=bundle.environment,
        notebook=notebook.read_text(encoding="utf-8"),
        notebook_name=bundle.notebook,
        files=tuple(files),
        private_files=tuple(
            _job_file(file) for file in bundle.files if file.part == Part.PRIVATE
        ),
        questions=tuple(
            QuestionSpec(
                key=question.key,
                source=(EXAMPLE / "tests" / f"{question.key}.py").read_text("utf-8"),
                checks=tuple(CheckSpec(name=check.name) for check in question.checks),
            )
            for question in _tested(bundle)
        ),
        restored=check_cells(staff),
        limits=Limits(
            cell_seconds=bundle.limits.cell_seconds,
            question_seconds=bundle.limits.question_seconds,
            run_seconds=bundle.limits.run_seconds,
            memory_bytes=bundle.limits.memory_mb * 1024**2,
            disk_bytes=bundle.limits.disk_mb * 1024**2,
        ),
        seed=bundle.seed,
        skip_tags=bundle.skip_tags,
        parameters=bundle.parameters,
    )


def _tested(bundle: Bundle) -> list[Question]:
    return [q for q in bundle.questions if q.kind == QuestionKind.AUTO]


def _job_file(file: BundleFile) -> JobFile:
    return JobFile(
        name=file.name, path=str(file.path), sha256=file.sha256, size=file.size
    )


def _rules(question: Question) -> QuestionRules:
    return QuestionRules(
        key=question.key,
        title=question.title,
        description=question.description,
        kind=question.kind,
        points=question.points,
        checks=question.checks,
    )
