"""The form that gives a student an accommodation in a course."""

from typing import Any, Final

from django import forms

from accounts.models import User
from courses.models import Course, Enrolment
from courses.models.accommodation import MOST_HOURS, MOST_PERCENT
from grading.forms.extensions import StudentField

_LONGEST_REASON: Final = 1_000
_ONE_OF: Final = "Give hours or a percentage, not both."


class AccommodationForm(forms.Form):
    """The student, and hours or a percentage."""

    student = StudentField(User.objects.none(), label="Student")
    hours = forms.IntegerField(
        label="Hours after each deadline",
        required=False,
        min_value=1,
        max_value=MOST_HOURS,
    )
    percent = forms.IntegerField(
        label="Or more time in %",
        required=False,
        min_value=1,
        max_value=MOST_PERCENT,
        help_text="Of the time from the release of each piece of coursework to its "
        "deadline.",
    )
    reason = forms.CharField(
        label="Why",
        max_length=_LONGEST_REASON,
        help_text="Only those who edit the course see the reason.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, course: Course, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        students = Enrolment.objects.students().filter(course=course)
        field: Any = self.fields["student"]
        field.queryset = User.objects.filter(pk__in=students.values("user"))

    def clean(self) -> dict[str, Any]:
        """Require one of hours and percent, and return 0 for the other."""
        given = super().clean() or self.cleaned_data
        hours, percent = given.get("hours") or 0, given.get("percent") or 0
        if not self.errors and bool(hours) == bool(percent):
            self.add_error("hours", _ONE_OF)
        return {**given, "hours": hours, "percent": percent}
