"""The form that uploads a roster."""

from django import forms


class RosterForm(forms.Form):
    """A roster, and what to do besides enrolling its people."""

    file = forms.FileField(
        label="CSV file",
        help_text="UTF-8, at most 1 MB and 2,000 people.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={
            "required": "Choose a CSV file.",
            "empty": "The file is empty. Choose another one.",
        },
    )
    deactivate_missing = forms.BooleanField(
        required=False,
        label="Make inactive who is not in this file",
        help_text="Students and assistants. You and other lecturers stay.",
    )
    invite = forms.BooleanField(
        required=False,
        initial=True,
        label="Mail new people how to sign in",
        help_text="To those who have never signed in, and were not invited before.",
    )
