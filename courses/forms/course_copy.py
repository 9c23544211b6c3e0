"""The form that copies a course."""

from django import forms


class CopyForm(forms.Form):
    """The year, address and first week of a course's copy."""

    academic_year = forms.CharField(
        label="Academic year", max_length=7, help_text="For example 2027-28."
    )
    slug = forms.CharField(
        label="Address",
        max_length=60,
        help_text="The last part of the course's address: letters, digits, hyphens.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    first_week_on = forms.DateField(
        label="The Monday of its first week",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
