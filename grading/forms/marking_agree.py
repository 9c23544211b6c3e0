"""The form that agrees on one of two markings, or gives other points."""

from typing import Any

from django import forms

from grading.forms.typed_points import PointsField
from grading.models import Stage
from grading.models.markings import LONGEST_COMMENT
from grading.services.agreement import AgreedChoice


class MarkingAgreeForm(forms.Form):
    """Which marking is taken, and what is given instead of its points and comment."""

    taken = forms.ChoiceField(
        choices=[
            (Stage.FIRST.value, "the first marking"),
            (Stage.SECOND.value, "the second marking"),
        ],
        error_messages={"required": "Choose one of the two markings."},
    )
    points = PointsField(required=False, min_value=0)
    comment = forms.CharField(required=False, max_length=LONGEST_COMMENT)

    @property
    def choice(self) -> AgreedChoice:
        """What a valid form says."""
        given: dict[str, Any] = self.cleaned_data
        return AgreedChoice(
            taken=Stage(given["taken"]),
            points=given["points"],
            comment=given["comment"].strip(),
        )
