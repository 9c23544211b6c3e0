"""The form that asks why a session is changed."""

from typing import Final

from django import forms

REASON_HELP: Final = "Students read this reason beside the change."


class ReasonForm(forms.Form):
    """The reason for a change."""

    reason = forms.CharField(
        label="Why",
        max_length=200,
        help_text=REASON_HELP,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
