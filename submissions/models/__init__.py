"""Submissions and their files, attempts whose files still arrive, and receipts."""

from submissions.models.attempts import (
    OpenedAttempt,
    Submission,
    SubmittedFile,
    Upload,
)
from submissions.models.chosen import ChosenAttempt
from submissions.models.on_behalf import OnBehalf
from submissions.models.receipts import ReceiptKey, ReceiptMail
from submissions.models.room import ReservedRoom

__all__ = [
    "ChosenAttempt",
    "OnBehalf",
    "OpenedAttempt",
    "ReceiptKey",
    "ReceiptMail",
    "ReservedRoom",
    "Submission",
    "SubmittedFile",
    "Upload",
]
