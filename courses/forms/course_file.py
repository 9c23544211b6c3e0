"""The form that uploads a course file."""

from django import forms

from formats.course.dates import AcademicYear, DateError


class CourseFileForm(forms.Form):
    """A course file, and the academic year of its dates."""

    file = forms.FileField(
        label="Course file",
        help_text=(
            "Choose course.yaml, or a zip of its folder with the files that it names."
        ),
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml,.zip"}),
        error_messages={
            "required": "Choose a course file.",
            "empty": "The file is empty. Choose another one.",
        },
    )
    academic_year = forms.CharField(
        label="Academic year", max_length=7, help_text="Of its dates. Such as 2026-27."
    )

    def clean_academic_year(self) -> AcademicYear:
        """Return the academic year, or raise ValidationError."""
        try:
            return AcademicYear.parse(self.cleaned_data["academic_year"])
        except DateError as error:
            raise forms.ValidationError(f"{error.message} {error.hint}") from error
