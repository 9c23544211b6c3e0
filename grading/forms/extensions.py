"""The form that grants an extension of an assignment."""

from typing import Any, Final

from django import forms

from accounts.models import User
from courses.forms.moments import MomentField
from courses.models import Assignment, Enrolment
from courses.wall_clock import moment_words

_LONGEST_REASON: Final = 1_000


def name_and_address(person: User) -> str:
    """Return the name with the address, because names are not unique."""
    if person.name == person.email:
        return person.email
    return f"{person.name} ({person.email})"


class StudentField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django takes none at run time
    """A student of the course, by name and address."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the name with the address, because names are not unique."""
        return name_and_address(obj)


class ExtensionForm(forms.Form):
    """The student and the new deadline, in the course's time zone."""

    student = StudentField(User.objects.none(), label="Student")
    due_at = MomentField(label="New deadline")
    reason = forms.CharField(
        label="Why",
        max_length=_LONGEST_REASON,
        help_text="Only those who edit the course see the reason. The student sees only the new deadline.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, assignment: Assignment, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        students = Enrolment.objects.students().filter(course=assignment.course_id)
        field: Any = self.fields["student"]
        field.queryset = User.objects.filter(pk__in=students.values("user"))
        zone = assignment.course.time_zone
        self.fields["due_at"].help_text = (
            f"{zone}. The common deadline is "
            f"{moment_words(assignment.due_at, assignment.course.tz)}."
        )
