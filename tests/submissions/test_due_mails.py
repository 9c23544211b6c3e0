"""Mails that are due: one that cannot be sent delays no other, and is given up."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from smtplib import (
    SMTPDataError,
    SMTPHeloError,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from typing import Any, ClassVar

import pytest
import time_machine
from django.core.mail.backends.locmem import EmailBackend
from django.db.models import Model
from django.utils import timezone

from courses.models import ExtensionRequest
from courses.services.due_mails import MOST_REFUSALS, TRIED_FOR, is_refused
from courses.services.request_mails import mail_due_answers
from submissions.models import ReceiptMail
from submissions.receipt_mails import mail_due_receipts
from tests.factories import ExtensionRequestFactory, SubmissionFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 3, 10, 12, tzinfo=dt.UTC)
FULL = "@full.example.org"


class Picky(EmailBackend):
    """A server that has an error for the addresses of one domain."""

    tried: ClassVar[list[str]] = []
    error: ClassVar[Exception]

    def send_messages(self, messages: Any) -> int:
        [address] = messages[0].to
        self.tried.append(address)
        if address.endswith(FULL):
            raise self.error
        return super().send_messages(messages)


@pytest.fixture(autouse=True)
def clock(settings: Any, tmp_path: Path) -> Iterator[time_machine.Traveller]:
    settings.EMAIL_BACKEND = f"{__name__}.Picky"
    settings.RECEIPT_KEY_FILE = tmp_path / "receipt-key.pem"
    Picky.tried.clear()
    Picky.error = SMTPRecipientsRefused({FULL: (552, b"mailbox full")})
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def receipt(email: str) -> Model:
    submission = SubmissionFactory.create(author=UserFactory.create(email=email))
    return ReceiptMail.objects.create(submission=submission)


def answer(email: str) -> Model:
    row: ExtensionRequest = ExtensionRequestFactory.create(
        student=UserFactory.create(email=email),
        state="refused",
        answered_by=UserFactory.create(),
        answered_at=timezone.now(),
        mail_due_at=timezone.now(),
    )
    return row


EACH_KIND = pytest.mark.parametrize(
    ("make", "mail_due", "due"),
    [
        (receipt, mail_due_receipts, "due_at"),
        (answer, mail_due_answers, "mail_due_at"),
    ],
)


@EACH_KIND
def test_refused_mails_neither_end_a_call_nor_go_before_new_ones(
    make: Callable[[str], Model],
    mail_due: Callable[..., int],
    due: str,
    clock: time_machine.Traveller,
) -> None:
    for number in range(5):
        make(f"{number}{FULL}")
    make("first@example.org")
    assert mail_due(now=NOW) == 1
    clock.shift(dt.timedelta(minutes=6))
    make("new@example.org")
    Picky.tried.clear()
    assert mail_due(now=timezone.now()) == 1
    assert Picky.tried[0] == "new@example.org"
    assert len(Picky.tried) == 6


@EACH_KIND
def test_a_refused_mail_is_tried_ever_more_rarely_and_given_up(
    make: Callable[[str], Model],
    mail_due: Callable[..., int],
    due: str,
    clock: time_machine.Traveller,
) -> None:
    row = make(f"a{FULL}")
    for _ in range(MOST_REFUSALS):
        row.refresh_from_db()
        clock.move_to(getattr(row, due), tick=False)
        mail_due(now=timezone.now())
    row.refresh_from_db()
    assert getattr(row, due) is None
    assert len(Picky.tried) == MOST_REFUSALS
    assert dt.timedelta(days=1) < timezone.now() - NOW < TRIED_FOR


@EACH_KIND
def test_a_server_that_is_away_ends_the_call_and_costs_no_try(
    make: Callable[[str], Model],
    mail_due: Callable[..., int],
    due: str,
    clock: time_machine.Traveller,
) -> None:
    Picky.error = SMTPServerDisconnected()
    rows = [make(f"{number}{FULL}") for number in range(5)]
    for _ in range(MOST_REFUSALS + 3):
        mail_due(now=timezone.now())
        clock.shift(dt.timedelta(minutes=6))
    assert Picky.tried[:3] == [f"{number}{FULL}" for number in range(3)]
    rows[0].refresh_from_db()
    assert getattr(rows[0], due) is not None
    clock.move_to(NOW + TRIED_FOR * 2, tick=False)
    Picky.tried.clear()
    assert mail_due(now=timezone.now()) == 0
    assert not Picky.tried


def test_only_what_the_server_says_of_one_mail_is_a_refusal() -> None:
    refused = SMTPRecipientsRefused
    for error, expected in (
        (refused({"a@b": (552, b"full")}), True),
        (refused({"a@b": (450, b"try later")}), True),
        (refused({"a@b": (421, b"closing")}), False),
        (SMTPDataError(554, b"no spam"), True),
        (SMTPDataError(421, b"closing"), False),
        (ValueError("no address"), True),
        (SMTPSenderRefused(530, b"sign in first", "portal@b"), False),
        (SMTPHeloError(500, b"who"), False),
        (SMTPServerDisconnected("gone"), False),
        (ConnectionRefusedError(), False),
        (TimeoutError(), False),
    ):
        assert is_refused(error) == expected, error
