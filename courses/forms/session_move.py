"""The form that moves a session.

The form reads and shows times in Django's current zone, so views set it to the course's zone:
`timezone.override(course.tz)`.
"""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from courses.forms.moments import by_current_clocks
from courses.forms.reason import REASON_HELP
from courses.models import Room, Session
from courses.services.timetable import Arrangement


class MoveForm(forms.Form):
    """The new time and place of a session."""

    day = forms.DateField(
        label="Day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    starts = forms.TimeField(
        label="From", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    ends = forms.TimeField(
        label="To", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    room = forms.ModelChoiceField(
        Room.objects.none(), label="Room", required=False, empty_label="No room"
    )
    online_label = forms.CharField(
        label="Online", max_length=60, required=False, help_text="For example MS Teams."
    )
    online_url = forms.URLField(
        label="Link to join",
        max_length=500,
        required=False,
        assume_scheme="https",
    )
    reason = forms.CharField(label="Why", max_length=200, help_text=REASON_HELP)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rooms: Any = self.fields["room"]
        rooms.queryset = Room.objects.all()

    @classmethod
    def of(cls, session: Session) -> "MoveForm":
        """Return the form with the session's current time and place."""
        starts, ends = (
            moment and timezone.localtime(moment)
            for moment in (session.starts_at, session.ends_at)
        )
        return cls(
            initial={
                "day": starts and starts.date(),
                "starts": starts and starts.time(),
                "ends": ends and ends.time(),
                "room": session.room_id,
                "online_label": session.online_label,
                "online_url": session.online_url,
            }
        )

    def clean(self) -> dict[str, Any]:
        """Combine the day with each time into a moment in the current zone."""
        given = super().clean() or self.cleaned_data
        for name in ("starts", "ends"):
            if "day" in given and name in given:
                naive = dt.datetime.combine(given["day"], given[name])
                try:
                    given[f"{name}_at"] = by_current_clocks(naive)
                except forms.ValidationError as error:
                    self.add_error(name, error)
        return given

    @property
    def arrangement(self) -> Arrangement:
        """The time and place in a valid form."""
        given = self.cleaned_data
        return Arrangement(
            starts_at=given["starts_at"],
            ends_at=given["ends_at"],
            room=given["room"],
            online_label=given["online_label"],
            online_url=given["online_url"],
        )
