"""The form with which a student asks for a question to be marked again."""

from django import forms

from grading.models.regrade_requests import LONGEST_WORDS


class FeedbackForm(forms.Form):
    """The question's key, and what should be looked at again."""

    key = forms.SlugField(max_length=60, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="What should be looked at again, and why",
        max_length=LONGEST_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
