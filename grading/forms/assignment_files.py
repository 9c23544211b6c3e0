"""The form for coursework without a notebook: which files, and what is marked."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from formats.assignment import Bundle
from formats.assignment.file_lines import (
    LineError,
    check_files,
    check_questions,
    files_bundle,
    read_file_line,
    read_question_line,
)

NOTEBOOK: Final = "notebook"
FILES: Final = "files"


class LineListField(forms.CharField):
    """A field with one value on each line.

    `read` makes the value of a line, and `check` looks at all of them. Both raise
    LineError.
    """

    def __init__(
        self,
        read: Callable[[str], Any],
        check: Callable[[Any], None],
        *,
        example: str,
        **more: Any,
    ) -> None:
        attributes = {"rows": 4, "placeholder": example, "spellcheck": "false"}
        super().__init__(widget=forms.Textarea(attrs=attributes), **more)
        self._read, self._check = read, check

    def clean(self, value: Any) -> tuple[Any, ...]:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        try:
            found = tuple(self._read(line) for line in lines if line)
            if found:
                self._check(found)
        except LineError as error:
            raise ValidationError(str(error)) from error
        return found


class FilesForm(forms.Form):
    """Which files students hand in, and what people mark."""

    file_lines = LineListField(
        read_file_line,
        check_files,
        example="report.pdf = 20",
        label="Files that students hand in",
        max_length=10_000,
        help_text=(
            "One on each line, with its largest size in MB: “report.pdf = 20”. Write "
            "“[optional]” behind a file that need not be handed in. The ending says what "
            "is taken: .pdf, .png, .jpg, .zip and text (.txt, .md, .csv, .tex) are "
            "checked; files with another ending are taken as they are."
        ),
    )
    question_lines = LineListField(
        read_question_line,
        check_questions,
        example="Method = 6",
        label="What is marked, with its points",
        max_length=20_000,
        help_text=(
            "One question on each line: “Method = 6”, or “Report = 100” for the whole. "
            "Each can have a rubric, which you write afterwards."
        ),
    )

    def bundle(self) -> Bundle:
        """Return what a valid form says."""
        return files_bundle(
            self.cleaned_data["file_lines"], self.cleaned_data["question_lines"]
        )


class HandsInForm(FilesForm):
    """What students hand in: a notebook that is imported next, or files alone."""

    hands_in = forms.ChoiceField(
        label="Students hand in",
        choices=[
            (NOTEBOOK, "A notebook, which is run. You import it next"),
            (FILES, "Files only: no notebook is run, and people mark the files"),
        ],
        initial=NOTEBOOK,
        required=False,
        widget=forms.RadioSelect,
    )
    field_order = ("hands_in", "file_lines", "question_lines")

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # A browser must not ask for them if a notebook is chosen.
        self.use_required_attribute = False

    @property
    def is_files_only(self) -> bool:
        """Whether files alone were chosen."""
        return bool(self["hands_in"].value() == FILES)

    def clean(self) -> dict[str, Any]:
        """Look at the lines only if files alone were chosen: the page hides them."""
        if not self.is_files_only:
            for name in ("file_lines", "question_lines"):
                self.errors.pop(name, None)
        return self.cleaned_data
