"""The public keys that verify receipts, and the mails that carry receipts."""

from django.db import models
from django.utils import timezone

from submissions.models.attempts import Submission


class ReceiptKey(models.Model):
    """The public half of a key that has signed receipts. It is kept for ever.

    The private half is a file, and never in the database. After a rotation, the
    receipts of the old key are still verified by its row here.
    """

    name = models.CharField(
        max_length=16,
        unique=True,
        help_text="The first 16 hexadecimal digits of the SHA-256 of the public key.",
    )
    public_key = models.CharField(
        max_length=44, help_text="The 32 bytes of the Ed25519 key in Base64."
    )
    first_used_at = models.DateTimeField(default=timezone.now)
    distrusted_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=(
            "Set if somebody else may have the private key. Its receipts then prove "
            "nothing."
        ),
    )

    class Meta:
        ordering = ["-first_used_at"]

    def __str__(self) -> str:
        return self.name


class ReceiptMail(models.Model):
    """The mail with the receipt of one submission, due or sent.

    A mail that could not be sent goes out later, when the mail server is back.
    """

    submission = models.OneToOneField(
        Submission, models.CASCADE, related_name="receipt_mail"
    )
    queued_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(
        default=timezone.now,
        null=True,
        blank=True,
        help_text="When it is sent or tried again. Empty if nothing is left to do.",
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How often the mail was tried."
    )
    refusals = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="How often the server refused this mail, but was there.",
    )

    class Meta:
        indexes = [
            # The mails that are due: few, while most are sent.
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False),
                name="receipt_mail_due",
            ),
        ]

    def __str__(self) -> str:
        return str(self.submission)
