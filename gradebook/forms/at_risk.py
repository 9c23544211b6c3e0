"""The form of the mail to students at risk."""

from typing import Final

from django import forms

from courses.models.student_mail import LONGEST_MAIL, LONGEST_SUBJECT
from courses.services.student_mails import NAME, REASONS

_TEXT: Final = f"""Dear {NAME},

we noticed this about your work in our course:

{REASONS}

If something keeps you from working, please answer this mail. We would like to help."""


class MailForm(forms.Form):
    """What is mailed to each of the chosen students."""

    subject = forms.CharField(
        label="Subject", max_length=LONGEST_SUBJECT, initial="Your work in our course"
    )
    text = forms.CharField(
        label="Text",
        max_length=LONGEST_MAIL,
        initial=_TEXT,
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text=(
            f"{NAME} and {REASONS} are replaced for each student. Each gets a mail of "
            "their own; answers go to you."
        ),
    )
