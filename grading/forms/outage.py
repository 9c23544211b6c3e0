"""The form that moves the deadlines within an outage."""

from typing import Any

from django import forms

from courses.forms.moments import MomentField
from courses.models import Course
from courses.services.outages import MOST_HOURS


class OutageForm(forms.Form):
    """From when to when, and by how many hours."""

    starts_at = MomentField(label="Deadlines from")
    ends_at = MomentField(label="To")
    hours = forms.IntegerField(
        label="Move them by so many hours",
        initial=24,
        min_value=1,
        max_value=MOST_HOURS,
    )

    def __init__(self, course: Course, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ends_at"].help_text = f"By the clocks of {course.time_zone}."
