"""Assignments that ask for files and have no notebook: nothing is run."""

from collections.abc import Sequence
from typing import Final

from formats.assignment.assignment_content import Question, RequiredFile
from formats.yaml_document import Section

# What assignment.yaml says about runs.
_OF_RUNS: Final = (
    *("environment", "queue", "limits", "seed", "grading_seed"),
    *("skip_tags", "parameters", "imports"),
)


def report_run_settings(top: Section, required: Sequence[RequiredFile]) -> None:
    """Report settings of runs, and files of which students need to hand in none."""
    for name in _OF_RUNS:
        if name in top:
            top.fault(
                f"“{name}” is for runs, but without “notebook” nothing is run.",
                name,
                hint="Remove it, or add “notebook: …”.",
            )
    if "required_files" in top and all(file.is_optional for file in required):
        top.fault(
            "Students must hand in at least one file, but none is required.",
            "required_files",
            hint="List the files, and remove “optional: true” from one of them.",
        )


def report_checked_question(section: Section, question: Question) -> None:
    """Report a question that tests would check."""
    section.fault(
        f"“{question.key}” is checked by tests, but without “notebook” nothing is run.",
        hint="Write “kind: manual” and remove the checks, or add “notebook: …”.",
    )
