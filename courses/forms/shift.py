"""The form that shifts the rest of a course."""

from typing import Any

from django import forms

from courses.models import Course
from courses.wall_clock import day_words


class ShiftForm(forms.Form):
    """The week from which a course is shifted, and by how many weeks."""

    from_week = forms.TypedChoiceField(label="From week", coerce=int)
    weeks = forms.IntegerField(
        label="Number of weeks",
        initial=1,
        min_value=-26,
        max_value=26,
        help_text="1 means a week later, -1 a week earlier.",
    )

    def __init__(self, course: Course, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["from_week"]
        field.choices = [
            (week.number, f"{week}, from {day_words(week.starts_on)}")
            for week in course.weeks.order_by("number")
        ]

    def clean_weeks(self) -> int:
        weeks: int = self.cleaned_data["weeks"]
        if weeks == 0:
            raise forms.ValidationError(
                "With 0 weeks nothing moves. Give a number such as 1 or -1."
            )
        return weeks
