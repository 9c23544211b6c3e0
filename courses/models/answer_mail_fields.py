"""The columns of a request whose answer is mailed."""

from django.db import models


class AnswerMailFields(models.Model):
    """When the answer to a request is mailed, and how often that was tried.

    `courses.services.due_mails` sends what is due.
    """

    mail_due_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the answer is mailed. Empty if no mail is waiting.",
    )
    mail_tries = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="How often the mail was tried.",
    )
    mail_refusals = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="How often the server refused this mail, but was there.",
    )

    class Meta:
        abstract = True
