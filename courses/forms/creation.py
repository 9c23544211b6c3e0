"""Forms of the pages that create a course or change its settings."""

import datetime as dt
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.text import slugify

from courses.forms.module_codes import ModuleCodesField
from courses.forms.moments import MomentField
from courses.forms.staff import require_time
from courses.models import Course
from courses.services.course_settings import CourseSettings
from courses.services.creating import HIGHEST_WEEK, MOST_WEEKS, NewCourse
from formats.course.dates import AcademicYear, DateError
from formats.lengths import MAX_MARKDOWN

_LONGEST_SLUG: Final = 60
_YEAR_HELP: Final = "Such as 2026-27."


class NewCourseForm(forms.Form):
    """A new course: what it is called, and when its teaching weeks are."""

    title = forms.CharField(label="Title", max_length=200)
    module_codes = ModuleCodesField()
    academic_year = forms.CharField(
        label="Academic year", max_length=7, help_text=_YEAR_HELP
    )
    slug = forms.CharField(
        label="Address",
        max_length=_LONGEST_SLUG,
        required=False,
        help_text="The last part of the course's address: letters, digits, hyphens. "
        "Empty: code and year, such as 70010-2026-27.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    time_zone = forms.CharField(
        label="Time zone",
        max_length=64,
        initial="Europe/London",
        help_text="All of the course's times are shown and entered in it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    first_week_on = forms.DateField(
        label="The Monday of its first week",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    first_week = forms.IntegerField(
        label="Number of the first week",
        initial=1,
        min_value=0,
        max_value=HIGHEST_WEEK,
        help_text="2 where teaching begins in the college's week 2.",
    )
    weeks = forms.IntegerField(
        label="How many weeks", initial=10, min_value=1, max_value=MOST_WEEKS
    )

    def clean(self) -> dict[str, Any]:
        """Make the slug from the first code and the year, if none is given."""
        given = super().clean() or self.cleaned_data
        codes, year = given.get("module_codes"), given.get("academic_year", "")
        if not given.get("slug") and codes and year:
            first = slugify(codes[0])[: _LONGEST_SLUG - len(year) - 1]
            given["slug"] = f"{first}-{year}"
        return given

    @property
    def new_course(self) -> NewCourse:
        """The course that a valid form describes."""
        return NewCourse(**self.cleaned_data)


class CourseFileForm(forms.Form):
    """A course file, and the academic year of its dates."""

    file = forms.FileField(
        label="Course file",
        help_text="course.yaml, or a zip of its folder with the files that it names.",
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml,.zip"}),
        error_messages={
            "required": "Choose a course file.",
            "empty": "The file is empty. Choose another one.",
        },
    )
    academic_year = forms.CharField(
        label="Academic year", max_length=7, help_text=f"Of its dates. {_YEAR_HELP}"
    )

    def clean_academic_year(self) -> AcademicYear:
        """Return the academic year, or raise ValidationError."""
        try:
            return AcademicYear.parse(self.cleaned_data["academic_year"])
        except DateError as error:
            raise forms.ValidationError(f"{error.message} {error.hint}") from error


class ReleasedForm(forms.Form):
    """The release of something: now, from a time on, or not yet.

    Times are in Django's current zone: views set it to the course's zone.
    """

    visible = forms.ChoiceField(
        choices=[
            ("now", "From now on"),
            ("later", "From a time on"),
            ("hidden", "Not yet: it stays hidden"),
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
            self, given, choice="visible", time="release_at", words="Say from when on."
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


class CourseSettingsForm(ReleasedForm):
    """What a course is called, and from when on students see it."""

    title = forms.CharField(label="Title", max_length=200)
    module_codes = ModuleCodesField()
    summary = forms.CharField(
        label="Summary",
        required=False,
        max_length=MAX_MARKDOWN,
        help_text="Markdown, on top of the course's page.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    field_order = ("title", "module_codes", "summary", "visible", "release_at")

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
        )
