"""The form that creates a course."""

from typing import Any, Final

from django import forms
from django.utils.text import slugify

from courses.forms.module_codes import ModuleCodesField
from courses.services.creating import HIGHEST_WEEK, MOST_WEEKS, NewCourse

_LONGEST_SLUG: Final = 60


class NewCourseForm(forms.Form):
    """A new course: what it is called, and when its teaching weeks are."""

    title = forms.CharField(label="Title", max_length=200)
    module_codes = ModuleCodesField()
    academic_year = forms.CharField(
        label="Academic year", max_length=7, help_text="For example 2026-27."
    )
    slug = forms.CharField(
        label="Address",
        max_length=_LONGEST_SLUG,
        required=False,
        help_text="The last part of the course's address: letters, digits, hyphens. "
        "If you leave it empty, it is made from code and year, such as "
        "70010-2026-27.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    time_zone = forms.CharField(
        label="Time zone",
        max_length=64,
        initial="Europe/London",
        help_text="All times of the course are shown and entered in this zone.",
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
        help_text="For example 2, if teaching begins in week 2 of the college.",
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
