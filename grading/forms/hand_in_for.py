"""The form in which staff hand in work for a student."""

from typing import Any, Final, cast

from django import forms

from accounts.models import User
from courses.forms.moments import MomentField
from courses.models import Assignment, Enrolment
from formats.problems import Problem
from grading.forms.extensions import StudentField
from submissions.services import IncomingFile

_LONGEST_REASON: Final = 1_000
_FILE: Final = "file:"


class HandInForForm(forms.Form):
    """The student, the files, and when and how the work was got.

    Times are in Django's current zone: views set it to the course's zone.
    """

    student = StudentField(User.objects.none(), label="Student")
    reason = forms.CharField(
        label="Why",
        max_length=_LONGEST_REASON,
        help_text="Such as “Sent by mail, because the portal did not answer”. The "
        "student reads it, too.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    received_at = MomentField(
        label="Got at",
        required=False,
        help_text="When you got the work, if that is the time that counts. If you "
        "leave it empty, it counts from now. The receipt shows both times.",
    )
    uses_attempt = forms.BooleanField(
        label="It uses up one of the student's attempts",
        required=False,
        initial=True,
    )
    idempotency_key = forms.CharField(
        max_length=64, required=False, widget=forms.HiddenInput
    )

    def __init__(self, assignment: Assignment, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        students = Enrolment.objects.students().filter(course=assignment.course_id)
        field: Any = self.fields["student"]
        field.queryset = User.objects.filter(pk__in=students.values("user"))
        revision = assignment.revision
        for required in revision.required_files.all() if revision else ():
            self.fields[f"{_FILE}{required.name}"] = forms.FileField(
                label=required.name,
                required=not required.is_optional,
                error_messages={"required": "Choose this file."},
            )

    @property
    def incoming(self) -> list[IncomingFile]:
        """The files of a valid form, by their required names."""
        return [
            IncomingFile(
                name=name.removeprefix(_FILE),
                original_name=upload.name or "",
                content=cast("Any", upload.file),
                size=upload.size or 0,
            )
            for name, upload in self.cleaned_data.items()
            if name.startswith(_FILE) and upload is not None
        ]

    def add_problems(self, problems: tuple[Problem, ...]) -> None:
        """Add each problem to its file, and the others to the form."""
        for problem in problems:
            name = f"{_FILE}{problem.file}"
            words = " ".join(filter(None, [problem.message, problem.hint]))
            self.add_error(name if name in self.fields else None, words)
