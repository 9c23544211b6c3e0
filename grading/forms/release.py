"""The forms that release the marks of an assignment, and take a release back."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.core.validators import MaxLengthValidator

from courses.forms.form_errors import require_time
from courses.forms.moments import MomentField

# The choice of everybody. A group is "group:" and its module code, which may be empty.
EVERYBODY: Final = "all"
_GROUP: Final = "group:"
# What a change of the course keeps of a reason.
LONGEST_REASON: Final = 300


def group_choice(module_code: str) -> str:
    """Return the value by which forms choose a group."""
    return f"{_GROUP}{module_code}"


def chosen_group(value: str) -> str | None:
    """Return the module code of the chosen group, None for everybody."""
    return value.removeprefix(_GROUP) if value.startswith(_GROUP) else None


class ReleaseForm(forms.Form):
    """When which students see their final marks."""

    group = forms.ChoiceField(
        label="To whom",
        help_text="A release to a group is for these students alone.",
    )
    when = forms.ChoiceField(
        label="Release the marks",
        choices=[("now", "Now"), ("later", "At a time")],
        initial="now",
        widget=forms.RadioSelect,
    )
    at = MomentField(label="At", required=False)
    mails = forms.BooleanField(
        label="Mail each student whose mark comes out",
        required=False,
        help_text="One mail each, without points, once they can read their mark.",
    )
    despite_problems = forms.BooleanField(
        label="Release the marks anyway", required=False
    )

    def __init__(
        self, groups: Sequence[tuple[str, str]], *args: Any, **options: Any
    ) -> None:
        """Make the form for a course with these groups: module codes and words."""
        super().__init__(*args, **options)
        if len(groups) > 1:
            choices = [(group_choice(code), words) for code, words in groups]
            field: Any = self.fields["group"]
            field.choices = [(EVERYBODY, "Everybody"), *choices]
        else:
            del self.fields["group"]

    def clean(self) -> dict[str, Any]:
        """Require the time if the marks are to be released later."""
        given = super().clean() or self.cleaned_data
        require_time(
            self, given, choice="when", time="at", words="Give the day and the time."
        )
        return given

    def moment(self, now: dt.datetime) -> dt.datetime:
        """Return the release time of a valid form."""
        at: dt.datetime = self.cleaned_data["at"]
        return now if self.cleaned_data["when"] == "now" else at

    @property
    def module_code(self) -> str | None:
        """The group of a valid form, None for everybody."""
        return chosen_group(self.cleaned_data.get("group", EVERYBODY))


class TakeBackForm(forms.Form):
    """Why a release is taken back."""

    take_back = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Reason",
        validators=[MaxLengthValidator(LONGEST_REASON)],
        help_text="Staff read it among the changes of the course. Students do not.",
        error_messages={
            "required": "Say why the marks are taken back. Staff read it among the "
            "changes."
        },
    )
