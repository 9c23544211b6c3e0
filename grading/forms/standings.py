"""The form that decides for chosen students: their standing, and why."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from grading.models import Standing

LONGEST_REASON = 500
_UNDECIDED = "none"


class StandingsForm(forms.Form):
    """What is decided for the students who are chosen."""

    standing = forms.ChoiceField(
        label="Decision",
        choices=[("", "Choose"), *Standing.choices, (_UNDECIDED, "No decision")],
        error_messages={"required": "Choose what you decide."},
        help_text="Zero and absent give 0 points as long as nothing is handed in. With "
        "excused, nothing counts, whatever is handed in. A withheld mark stays as it "
        "is: the student is told to ask the lecturer, and sees no points, also after "
        "the release.",
    )
    reason = forms.CharField(
        label="Reason",
        validators=[MaxLengthValidator(LONGEST_REASON)],
        help_text="It stays in the history of each mark. Students do not see it.",
        error_messages={"required": "Give a reason. It stays in the mark's history."},
    )

    @property
    def decision(self) -> Standing | None:
        """The standing of a valid form, or None to take one back."""
        wanted: Any = self.cleaned_data["standing"]
        return None if wanted == _UNDECIDED else Standing(wanted)
