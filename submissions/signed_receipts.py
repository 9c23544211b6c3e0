"""The signed receipt of a submission, and what a receipt that somebody brings proves."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from courses.deadlines import Deadline, deadline_for, is_late
from formats.receipt_text import (
    Line,
    SignedReceipt,
    UnreadableReceiptError,
    is_genuine,
    read_receipt,
    receipt_text,
    signed,
)
from submissions.models import OnBehalf, ReceiptKey, Submission
from submissions.receipt_keys import public_key_of, signing_key


class Verdict(StrEnum):
    """What a text that is brought as a receipt proves."""

    GENUINE = "genuine"
    CHANGED = "changed"
    UNKNOWN_KEY = "unknown_key"
    DISTRUSTED = "distrusted"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The verdict. `receipt` is set only if the text is genuine.

    SECURITY: a text that is not genuine is never shown as if the portal said it.
    """

    verdict: Verdict
    words: str = ""
    receipt: SignedReceipt | None = None
    key: ReceiptKey | None = None


def signed_receipt(submission: Submission) -> str:
    """Return the submission's receipt: what was received, and a signature.

    The lateness is by the deadline as it is now, which the receipt names. So a receipt
    from before an extension stays true, and the next one says what holds since then.
    The submission comes with its assignment, course, revision and author. Raises
    KeyUnavailableError.
    """
    return signed(receipt_text(_lines(submission)), signing_key())


def verify_receipt(text: str) -> Verification:
    """Return what a text proves. Only public keys are looked up, no submission is."""
    try:
        receipt = read_receipt(text)
    except UnreadableReceiptError as error:
        return Verification(verdict=Verdict.UNREADABLE, words=str(error))
    # PostgreSQL refuses this character.
    name = receipt.key_name.replace("\x00", "")
    key = ReceiptKey.objects.filter(name=name).first()
    if key is None:
        return Verification(verdict=Verdict.UNKNOWN_KEY)
    if not is_genuine(receipt, public_key_of(key)):
        return Verification(verdict=Verdict.CHANGED)
    if key.distrusted_at is not None:
        return Verification(verdict=Verdict.DISTRUSTED, key=key)
    return Verification(verdict=Verdict.GENUINE, receipt=receipt, key=key)


def _lines(submission: Submission) -> Iterator[Line]:
    assignment, author = submission.assignment, submission.author
    course = assignment.course
    own = deadline_for(assignment, author)
    yield "Portal", settings.SITE_URL
    yield "Receipt", str(submission.pk)
    yield "Course", f"{course.title}, {course.academic_year}"
    yield "Coursework", assignment.title
    yield "Revision", str(submission.revision.number)
    yield "Student", author.login or author.email
    yield "Attempt", str(submission.attempt)
    yield from _times(submission)
    yield "Deadline", _moment(own.due_at)
    yield "State", _state(own, submission.received_at)
    for file in submission.files.all():
        yield "File", file.name
        yield "Size", f"{file.size} bytes"
        yield "SHA-256", file.sha256


def _times(submission: Submission) -> Iterator[Line]:
    entry: OnBehalf | None = getattr(submission, "on_behalf", None)
    if entry is not None:
        staff = entry.entered_by
        yield "Handed in by", f"{staff.name}, staff of the course"
        yield "Entered", _moment(entry.entered_at)
    opened = submission.opened()
    yield "Opened", _moment(submission.started_at)
    last = opened.completed_at if opened else submission.received_at
    yield "Last byte", _moment(last or submission.received_at)
    yield "Received", _moment(submission.received_at)


def _state(own: Deadline, received_at: dt.datetime) -> str:
    return "late" if is_late(own, received_at) else "on time"


def _moment(at: dt.datetime) -> str:
    """Return the time in UTC to the second, as lateness is judged."""
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
