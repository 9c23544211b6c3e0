"""Write a draft as a folder in our own format."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from formats.assignment import Check, Question
from formats.assignment.folder import HANDOUT, STAFF
from formats.assignment.manifest import FILE, FORMAT
from formats.assignment.notebook_cells import dump_notebook
from formats.assignment.rubric import plain_number, rubric_document
from formats.choices import QuestionKind
from formats.importing.draft import Draft, ImportOptions

_MEBIBYTE = 1024**2


def write_folder(draft: Draft, folder: Path, options: ImportOptions) -> Path:
    """Write the draft into the folder, in the form that `read_bundle` reads."""
    folder.mkdir(parents=True)
    _write(folder / STAFF, dump_notebook(draft.staff))
    _write(folder / HANDOUT, dump_notebook(draft.handout))
    for key, text in draft.tests.items():
        _write(folder / "tests" / f"{key}.py", text)
    for part, files in (("public", draft.public), ("solution", draft.solution)):
        for name, path in files.items():
            target = folder / part / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    text = yaml.safe_dump(
        _document(draft, options), allow_unicode=True, sort_keys=False, width=88
    )
    _write(folder / FILE, text)
    return folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _document(draft: Draft, options: ImportOptions) -> dict[str, Any]:
    required: list[dict[str, Any]] = [
        {
            "name": draft.notebook_name,
            "kind": "notebook",
            "max_mb": options.max_notebook_mb,
        }
    ]
    required += [
        {
            "name": file.name,
            "kind": file.kind.value,
            "max_mb": file.max_bytes // _MEBIBYTE,
            "optional": file.is_optional,
        }
        for file in options.required_files
    ]
    return {
        "format": FORMAT,
        "title": (options.title or draft.title)[:200],
        "notebook": draft.notebook_name,
        "environment": options.environment,
        "queue": options.queue,
        "limits": asdict(options.limits),
        "seed": draft.seed,
        "skip_tags": list(draft.skip_tags),
        "parameters": dict(options.parameters),
        "imports": draft.imports,
        "required_files": required,
        "questions": [_question(question) for question in draft.questions],
    }


def _question(question: Question) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "key": question.key,
        "title": question.title,
        "points": plain_number(question.points),
        "kind": question.kind.value,
    }
    if question.kind == QuestionKind.AUTO:
        entry["style"] = question.style.value
        entry["checks"] = [_check(check) for check in question.checks]
    if question.rubric is not None:
        entry["rubric"] = rubric_document(question.rubric)
    return entry


def _check(check: Check) -> dict[str, Any]:
    words = {"success": check.success, "failure": check.failure}
    return {
        "name": check.name,
        "points": plain_number(check.points),
        "visibility": check.visibility.value,
        "description": check.description,
        **{name: text for name, text in words.items() if text},
    }
