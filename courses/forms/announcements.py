"""The form that writes an announcement.

The form reads and shows times in Django's current zone, so views set it to the course's zone:
`timezone.override(course.tz)`.
"""

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict

from courses.forms.form_errors import require_time
from courses.forms.moments import MomentField
from courses.models import Announcement
from courses.services.announcements import AnnouncementContent
from formats.lengths import MAX_MARKDOWN


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
        label="Visible to students",
        choices=[
            ("now", "At once"),
            ("later", "From a time on"),
            ("draft", "Not yet: keep it as a draft"),
        ],
        initial="now",
        widget=forms.RadioSelect,
    )
    release_at = MomentField(
        label="From", required=False, help_text="Only for “From a time on”."
    )
    ends_at = MomentField(
        label="Shown at the top of pages until",
        required=False,
        help_text="If you leave it empty, for two weeks.",
    )
    is_pinned = forms.BooleanField(
        label="Keep it above other announcements until it ends", required=False
    )
    is_mailed = forms.BooleanField(
        label="Also send it by mail to everybody in the course", required=False
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
            self,
            given,
            choice="when",
            time="release_at",
            words="Give the day and the time.",
        )
        return given

    def content(self, now: dt.datetime) -> AnnouncementContent:
        """Return the announcement of a valid form. “At once” means `now`."""
        given = self.cleaned_data
        release = {"now": now, "later": given["release_at"], "draft": None}
        return AnnouncementContent(
            title=given["title"],
            body=given["body"],
            release_at=release[given["when"]],
            ends_at=given["ends_at"],
            is_pinned=given["is_pinned"],
            is_mailed=given["is_mailed"],
        )
