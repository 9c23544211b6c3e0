"""The filter of a course's list of changes."""

from django import forms

from courses.models import CourseChange


class ChangesForm(forms.Form):
    """The filter of a course's list of changes."""

    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[("", "All"), *CourseChange.Kind.choices],
    )
