"""The form of how an assignment is marked by hand."""

from typing import Any

from django import forms

from courses.forms.moments import MomentField
from courses.models import Assignment
from grading.forms.typed_points import PointsField


class MarkingSettingsForm(forms.ModelForm[Assignment]):
    """The settings of marking, and of requests to mark a question again.

    Times are in Django's current zone. A valid form changes the assignment object that
    it was given, and stores nothing.
    """

    agreed_above = PointsField(
        label="Largest difference of two markings",
        min_value=0,
        help_text="In points. Where a first and a second marking of a question differ "
        "by more, the question counts nothing until a marking is agreed. Otherwise the "
        "first marking counts.",
    )
    regrades_until = MomentField(
        label="Regrade requests until",
        required=False,
        help_text="From the release of the marks until this time, students may ask for "
        "a question to be marked again. If you leave it empty, they cannot.",
    )
    regrade_limit = forms.IntegerField(
        label="Regrade requests of each student", min_value=0, max_value=100
    )

    class Meta:
        model = Assignment
        fields = (
            "marking_is_anonymous",
            "markers_see_own_only",
            "agreed_above",
            "regrades_until",
            "regrade_limit",
        )
        labels = {
            "marking_is_anonymous": "Mark without names",
            "markers_see_own_only": "Markers see only what they are given",
        }
        help_texts = {
            "marking_is_anonymous": "All marking pages show a code in the place of each "
            "name, login and file name, to you, too. Assistants see the work on these "
            "pages only. Words by which a student wants to be known can still be read.",
            "markers_see_own_only": "Assistants see only the answers that are allocated "
            "to them, and only on the marking pages. Those who edit the course see all.",
        }

    def clean_regrades_until(self) -> Any:
        """Refuse a time before the release of the marks."""
        until = self.cleaned_data["regrades_until"]
        released = self.instance.marks_released_at
        if until is not None and released is not None and until <= released:
            raise forms.ValidationError(
                "This is before the release of the marks. Give a later time."
            )
        return until
