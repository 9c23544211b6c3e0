"""The form that answers a request for an extension."""

from django import forms

from courses.forms.moments import MomentField
from courses.models.extension_request import LONGEST_WORDS


class AnswerForm(forms.Form):
    """The date to grant, and words for the student."""

    due_at = MomentField(label="New deadline", required=False)
    answer = forms.CharField(
        label="Answer",
        required=False,
        max_length=LONGEST_WORDS,
        help_text="The student reads it, and gets it by mail. A refusal needs words.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
