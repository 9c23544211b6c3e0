"""The forms that decide for chosen students: their standing or a cap, and why."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.validators import MaxLengthValidator

from grading.models import LONGEST_CAP_WORDS, Standing

LONGEST_REASON: Final = 500
_UNDECIDED: Final = "none"


class StandingsForm(forms.Form):
    """What is decided for the students who are chosen."""

    # Another form has fields in the same HTML form, and only one of them is sent.
    use_required_attribute = False

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


class CapForm(forms.Form):
    """The most that the chosen students can have."""

    use_required_attribute = False

    percent = forms.DecimalField(
        label="Cap in %",
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=2,
        required=False,
        help_text="Of the possible points, after the late penalty and the adjustment. "
        "Empty takes a cap back.",
    )
    words = forms.CharField(
        label="What the student reads",
        required=False,
        validators=[MaxLengthValidator(LONGEST_CAP_WORDS)],
        help_text="Such as “Resit”. They read it when the marks are released to them.",
    )
    reason = forms.CharField(
        label="Reason",
        validators=[MaxLengthValidator(LONGEST_REASON)],
        help_text="It stays in the history of each mark. Students do not see it.",
        error_messages={"required": "Give a reason. It stays in the mark's history."},
    )

    def clean(self) -> dict[str, Any]:
        """Require words for the student with a cap."""
        given = super().clean() or self.cleaned_data
        has_cap = given.get("percent") is not None
        if has_cap and not given.get("words") and "words" not in self.errors:
            self.add_error("words", "Say why, in words that the student reads.")
        return given
