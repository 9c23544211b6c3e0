"""The fields with which a form asks for a release time."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from courses.forms.form_errors import require_time
from courses.forms.moments import MomentField


class ReleaseTimeForm(forms.Form):
    """The release of something: now, from a time on, or not yet.

    Times are in Django's current zone: views set it to the course's zone.
    """

    visible = forms.ChoiceField(
        choices=[
            ("now", "From now on"),
            ("later", "From a time on"),
            ("hidden", "Not yet: keep it hidden"),
        ],
        widget=forms.RadioSelect,
    )
    release_at = MomentField(label="From", required=False)

    @staticmethod
    def release_of(release_at: dt.datetime | None) -> dict[str, Any]:
        """Return the initial values of the fields for this release time."""
        return {
            "visible": "hidden" if release_at is None else "later",
            "release_at": release_at,
        }

    def clean(self) -> dict[str, Any]:
        """Add an error if a time is needed and missing."""
        given = super().clean() or self.cleaned_data
        require_time(
            self,
            given,
            choice="visible",
            time="release_at",
            words="Give the day and the time.",
        )
        return given

    def release(self, now: dt.datetime | None = None) -> dt.datetime | None:
        """Return the release time of a valid form; None means hidden."""
        given = self.cleaned_data
        times: dict[str, dt.datetime | None] = {
            "now": now or timezone.now(),
            "later": given["release_at"],
            "hidden": None,
        }
        return times[given["visible"]]
