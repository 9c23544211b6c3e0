"""The form that releases the marks of an assignment."""

import datetime as dt
from typing import Any

from django import forms

from courses.forms.form_errors import require_time
from courses.forms.moments import MomentField


class ReleaseForm(forms.Form):
    """When students see their final marks."""

    when = forms.ChoiceField(
        label="Release the marks",
        choices=[("now", "Now"), ("later", "At a time")],
        initial="now",
        widget=forms.RadioSelect,
    )
    at = MomentField(label="At", required=False)
    despite_problems = forms.BooleanField(
        label="Release the marks anyway", required=False
    )

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
