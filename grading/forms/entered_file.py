"""The form that uploads marks as a file, and how the lines of the file are read."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django import forms

from formats.mark_table import MarkLine
from grading.forms.entered_marks import fault_of
from grading.forms.typed_points import typed_points
from grading.services.entered_marks import plain

# Words that people write in place of points.
_WORDS: Final = "Write a number of points, or leave the cell empty to change nothing."


class EnteredFileForm(forms.Form):
    """A file with marks."""

    file = forms.FileField(
        label="File",
        help_text="CSV or XLSX, with a line of headings and a line for each student.",
        widget=forms.FileInput(
            attrs={
                "accept": ".csv,.tsv,.txt,.xlsx,text/csv,"
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            }
        ),
        error_messages={
            "required": "Choose a CSV or an XLSX file.",
            "empty": "The file is empty. Choose another one.",
        },
    )


@dataclass(frozen=True, kw_only=True)
class ReadLine:
    """A line of the file: points, or why there are none. Without either, it is empty."""

    line: int
    email: str
    login: str
    points: Decimal | None
    fault: str


def read_line(line: MarkLine, out_of: Decimal) -> ReadLine:
    """Return the line with its points out of `out_of`."""
    points = typed_points(line.points) if line.points else None
    return ReadLine(
        line=line.line,
        email=line.email,
        login=line.login,
        points=points,
        fault=line.fault or _fault(line, points, out_of),
    )


def _fault(line: MarkLine, points: Decimal | None, out_of: Decimal) -> str:
    text = line.points
    if text and points is None:
        return f"“{text[:40]}” is no number with at most two decimals. {_WORDS}"
    written = typed_points(line.out_of) if line.out_of else None
    if text and written is not None and written != out_of:
        return (
            f"The file says that this is out of {plain(written)}, but it is out of "
            f"{plain(out_of)} here. Correct the file, or the settings."
        )
    return fault_of(text, points, out_of)
