"""Forms of the pages on which staff change a course's content.

They read and show times in Django's current zone, so views set it to the course's zone:
`timezone.override(course.tz)`.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils import timezone

from courses.forms.moments import MomentField, by_current_clocks
from courses.models import Announcement, Course, CourseChange, Room, Session
from courses.services.announcements import Notice
from courses.services.field_refusals import FieldsRefusedError
from courses.services.timetable import Arrangement
from courses.wall_clock import day_words
from formats.lengths import MAX_MARKDOWN

_REASON_HELP: Final = "Students read it, beside what has changed."


def add_faults(form: forms.Form, refused: FieldsRefusedError) -> None:
    """Add each fault to its field, and those without a field to the form."""
    for name, fault in refused.faults.items():
        form.add_error(name if name in form.fields else None, fault)


def require_time(
    form: forms.Form, given: Mapping[str, Any], *, choice: str, time: str, words: str
) -> None:
    """Add an error if the choice is “later” and no time was entered."""
    is_missing = not given.get(time) and time not in form.errors
    if given.get(choice) == "later" and is_missing:
        form.add_error(time, words)


class ReasonForm(forms.Form):
    """The reason for a change."""

    reason = forms.CharField(
        label="Why",
        max_length=200,
        help_text=_REASON_HELP,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


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
        label="Online", max_length=60, required=False, help_text="Such as MS Teams."
    )
    online_url = forms.URLField(
        label="Link to join",
        max_length=500,
        required=False,
        assume_scheme="https",
    )
    reason = forms.CharField(label="Why", max_length=200, help_text=_REASON_HELP)

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


class ShiftForm(forms.Form):
    """The week from which a course is shifted, and by how many weeks."""

    from_week = forms.TypedChoiceField(label="From week", coerce=int)
    weeks = forms.IntegerField(
        label="By so many weeks",
        initial=1,
        min_value=-26,
        max_value=26,
        help_text="1 is a week later, -1 a week earlier.",
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
            raise forms.ValidationError("By no week nothing moves. Give 1 or -1.")
        return weeks


class CopyForm(forms.Form):
    """The year, address and first week of a course's copy."""

    academic_year = forms.CharField(
        label="Academic year", max_length=7, help_text="Such as 2027-28."
    )
    slug = forms.CharField(
        label="Address",
        max_length=60,
        help_text="The last part of the course's address: letters, digits, dashes.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    first_week_on = forms.DateField(
        label="The Monday of its first week",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class AnnouncementForm(forms.Form):
    """What an announcement says, from when on, and whether it is mailed."""

    title = forms.CharField(label="Title", max_length=200)
    body = forms.CharField(
        label="Text",
        max_length=MAX_MARKDOWN,
        help_text="Markdown.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    when = forms.ChoiceField(
        label="Students see it",
        choices=[
            ("now", "At once"),
            ("later", "From a time on"),
            ("draft", "Not yet: keep it as a draft"),
        ],
        initial="now",
        widget=forms.RadioSelect,
    )
    release_at = MomentField(
        label="From", required=False, help_text="For a time to come."
    )
    ends_at = MomentField(
        label="On top of pages until",
        required=False,
        help_text="Empty: for two weeks.",
    )
    is_pinned = forms.BooleanField(label="Stays on top until it ends", required=False)
    is_mailed = forms.BooleanField(
        label="By mail too, to everybody in the course", required=False
    )

    @classmethod
    def of(
        cls, announcement: Announcement, entered: QueryDict | None = None
    ) -> "AnnouncementForm":
        """Return the form with the stored announcement, or with what was entered."""
        is_draft = announcement.release_at is None
        fields = ("title", "body", "release_at", "ends_at", "is_pinned", "is_mailed")
        return cls(
            entered,
            initial={
                **{name: getattr(announcement, name) for name in fields},
                "when": "draft" if is_draft else "later",
            },
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        require_time(
            self, given, choice="when", time="release_at", words="Say from when on."
        )
        return given

    def notice(self, now: dt.datetime) -> Notice:
        """Return the announcement of a valid form. “At once” means `now`."""
        given = self.cleaned_data
        release = {"now": now, "later": given["release_at"], "draft": None}
        return Notice(
            title=given["title"],
            body=given["body"],
            release_at=release[given["when"]],
            ends_at=given["ends_at"],
            is_pinned=given["is_pinned"],
            is_mailed=given["is_mailed"],
        )


class ChangesForm(forms.Form):
    """The filter of a course's list of changes."""

    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[("", "All"), *CourseChange.Kind.choices],
    )
