"""The form that uploads a roster."""

from django import forms


class RosterForm(forms.Form):
    """A roster, and what to do besides enrolling its people."""

    file = forms.FileField(
        label="CSV file",
        help_text="In UTF-8, with at most 1 MB and 2,000 people.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={
            "required": "Choose a CSV file.",
            "empty": "The file is empty. Choose another one.",
        },
    )
    deactivate_missing = forms.BooleanField(
        required=False,
        label="Make people inactive who are not in this file",
        help_text="Only students and assistants. You and other lecturers stay active.",
    )
    invite = forms.BooleanField(
        required=False,
        initial=True,
        label="Send new people a mail that says how to sign in",
        help_text=(
            "Only to people who have never signed in and were not invited before."
        ),
    )
