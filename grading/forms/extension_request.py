"""The form with which a student asks for an extension."""

from pathlib import PurePath
from typing import Any, Final

from django import forms

from courses.forms.moments import MomentField
from courses.models import Assignment
from courses.models.extension_request import LONGEST_WORDS
from courses.services.extension_requests import RequestFile
from formats.request_files import (
    KINDS,
    KINDS_IN_WORDS,
    RequestFileError,
    kind_of,
    too_large,
)

_LONGEST_NAME: Final = 255


class ExtensionRequestForm(forms.Form):
    """The wished deadline, why, and a file. Only those who decide see them."""

    wished_due_at = MomentField(label="Until when")
    reason = forms.CharField(
        label="Why",
        max_length=LONGEST_WORDS,
        help_text="Only the lecturers of this course read it.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    file = forms.FileField(
        label="A file, such as a certificate",
        required=False,
        max_length=_LONGEST_NAME,
        help_text=f"{KINDS_IN_WORDS}, at most 5 MB. It takes room like files that you "
        "hand in. Only the lecturers of this course can open it.",
        widget=forms.FileInput(
            attrs={"accept": ",".join(f".{ending}" for ending in KINDS)}
        ),
    )

    def __init__(self, assignment: Assignment, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = assignment.course.time_zone
        self.fields["wished_due_at"].help_text = f"By the clocks of {zone}."

    def clean_file(self) -> Any:
        """Refuse a large file, or one of another kind, before it is read."""
        file = self.cleaned_data["file"]
        if not file:
            return file
        try:
            kind = kind_of(file.name)
        except RequestFileError as error:
            raise forms.ValidationError(str(error)) from error
        if file.size > kind.max_bytes:
            raise forms.ValidationError(too_large(kind))
        return file

    def request_file(self) -> RequestFile | None:
        """Return the file of a valid form, without its folders, or None."""
        file = self.cleaned_data["file"]
        if not file:
            return None
        return RequestFile(name=PurePath(file.name).name, chunks=file.chunks())
