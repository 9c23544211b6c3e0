"""The page on which staff import an assignment: its form, and the preview."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django import forms

from courses.bundle import Fault, Part, Question, QuestionKind, TestStyle, Visibility
from courses.importing import Format
from courses.services.pending_imports import Preview

FORMATS: Final = {
    Format.SOFTMARK: "Softmark (assignment.yaml)",
    Format.NBGRADER: "nbgrader",
    Format.OTTER: "Otter",
}
SEEN: Final = {
    Visibility.ALWAYS: "at once",
    Visibility.AFTER_DEADLINE: "after the deadline",
    Visibility.AFTER_RELEASE: "when marks are released",
    Visibility.NEVER: "never",
}
_STYLES: Final = {
    TestStyle.FUNCTIONS: "functions",
    TestStyle.SCRIPT: "script",
    TestStyle.DOCTEST: "doctest",
    TestStyle.CASES: "cases",
}


class ImportForm(forms.Form):
    """What is uploaded, and what foreign formats do not say."""

    package = forms.FileField(
        label="Assignment",
        help_text="A .zip of the folder, or an .ipynb.",
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,.ipynb"}),
    )
    notebook = forms.FileField(
        label="Notebook beside it",
        required=False,
        help_text="For a zip without a notebook, or with several: the one to import.",
        widget=forms.ClearableFileInput(attrs={"accept": ".ipynb"}),
    )
    format = forms.ChoiceField(
        label="Format",
        required=False,
        choices=[("", "Find out"), *FORMATS.items()],
    )
    hidden = forms.ChoiceField(
        label="Students see what hidden tests found",
        help_text="For nbgrader and Otter; assignment.yaml says it for each check.",
        choices=list(SEEN.items()),
        initial=Visibility.AFTER_RELEASE,
    )


@dataclass(frozen=True, kw_only=True)
class QuestionRow:
    """One question as it would be imported. `seen` counts checks by when they show."""

    key: str
    title: str
    points: Decimal
    how: str
    checks: int
    seen: str


@dataclass(frozen=True, kw_only=True)
class PreviewPage:
    """What an upload would become."""

    title: str
    format: str
    notebook: str
    points: Decimal
    digest: str
    questions: tuple[QuestionRow, ...]
    required: tuple[str, ...]
    public: tuple[str, ...]
    private: tuple[str, ...]
    imports: tuple[tuple[str, str], ...]
    notes: tuple[Fault, ...]


def preview_page(preview: Preview) -> PreviewPage:
    """Return the preview as the page shows it."""
    bundle = preview.bundle
    files = {
        part: tuple(file.name for file in bundle.files if file.part == part)
        for part in (Part.PUBLIC, Part.PRIVATE)
    }
    return PreviewPage(
        title=bundle.title,
        format=FORMATS[preview.prepared.format],
        notebook=bundle.notebook,
        points=bundle.points,
        digest=preview.digest,
        questions=tuple(_row(question) for question in bundle.questions),
        required=tuple(file.name for file in bundle.required_files),
        public=files[Part.PUBLIC],
        private=files[Part.PRIVATE],
        imports=tuple(sorted(bundle.imports.items())),
        notes=preview.notes,
    )


def _row(question: Question) -> QuestionRow:
    is_manual = question.kind == QuestionKind.MANUAL
    seen = Counter(check.visibility for check in question.checks)
    return QuestionRow(
        key=question.key,
        title=question.title,
        points=question.points,
        how="by hand" if is_manual else f"tests, {_STYLES[question.style]}",
        checks=len(question.checks),
        seen=", ".join(f"{seen[v]} {SEEN[v]}" for v in Visibility if seen[v]),
    )
