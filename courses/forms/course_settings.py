"""The form that changes the settings of a course.

The form reads and shows times in Django's current zone, so views set it to the course's zone:
`timezone.override(course.tz)`.
"""

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict

from courses.forms.module_codes import ModuleCodesField
from courses.forms.release_time_fields import ReleaseTimeForm
from courses.models import Course
from courses.services.course_settings import CourseSettings
from formats.lengths import MAX_MARKDOWN


class CourseSettingsForm(ReleaseTimeForm):
    """What a course is called, and from when on students see it."""

    title = forms.CharField(label="Title", max_length=200)
    module_codes = ModuleCodesField()
    summary = forms.CharField(
        label="Summary",
        required=False,
        max_length=MAX_MARKDOWN,
        help_text="Markdown. It is shown on the course's page.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    examiners_see_codes = forms.BooleanField(
        label="External examiners see codes in place of names",
        required=False,
        help_text=(
            "They then see no page on which a student's name stands. It changes nothing "
            "for anybody else."
        ),
    )
    field_order = (
        "title",
        "module_codes",
        "summary",
        "visible",
        "release_at",
        "examiners_see_codes",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["visible"].label = "Students see the course"

    @classmethod
    def of(
        cls, course: Course, entered: QueryDict | None = None
    ) -> "CourseSettingsForm":
        """Return the form with the stored settings, or with what was entered."""
        return cls(
            entered,
            initial={
                "title": course.title,
                "module_codes": course.module_codes,
                "summary": course.summary,
                "examiners_see_codes": course.examiners_see_codes,
                **cls.release_of(course.release_at),
            },
        )

    def settings(self, now: dt.datetime | None = None) -> CourseSettings:
        """Return the settings of a valid form."""
        given = self.cleaned_data
        return CourseSettings(
            title=given["title"],
            module_codes=given["module_codes"],
            summary=given["summary"],
            release_at=self.release(now),
            examiners_see_codes=given["examiners_see_codes"],
        )
