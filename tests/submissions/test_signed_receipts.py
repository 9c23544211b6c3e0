"""The signed receipt: its key, what it says, what it proves, and its mail."""

import datetime as dt
import stat
import threading
from pathlib import Path
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from courses.services.due_mails import TRIED_FOR
from formats.receipt_text import read_receipt
from portal.celery import app
from submissions import receipt_keys
from submissions.exceptions import KeyUnavailableError
from submissions.models import ReceiptKey, ReceiptMail, Submission
from submissions.receipt_keys import signing_key
from submissions.receipt_mails import TASK, mail_due_receipts
from submissions.signed_receipts import Verdict, signed_receipt, verify_receipt
from submissions.tasks import mail_receipts
from tests.factories import ExtensionFactory, SubmissionFactory, UserFactory, hours

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def key_file(settings: Settings, tmp_path: Path) -> Path:
    """Give the file of the key, which is not there yet."""
    path = tmp_path / "keys" / "receipt-key.pem"
    settings.RECEIPT_KEY_FILE = path
    return path


def lines_of(submission: Submission) -> dict[str, str]:
    return dict(read_receipt(signed_receipt(submission)).lines)


def verdict(receipt: str) -> Verdict:
    return verify_receipt(receipt).verdict


# --- The key ----------------------------------------------------------------------


def test_processes_that_start_at_once_make_one_key_for_the_owner_alone(
    key_file: Path,
) -> None:
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        receipt_keys._make(key_file)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.name for path in key_file.parent.iterdir()] == [key_file.name]
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert signing_key().private_bytes_raw() == signing_key().private_bytes_raw()


def test_receipts_stay_valid_after_a_rotation_and_without_the_private_key(
    key_file: Path,
) -> None:
    old = signed_receipt(SubmissionFactory.create())
    call_command("rotate_receipt_key")
    new = signed_receipt(SubmissionFactory.create())
    key_file.unlink()
    assert read_receipt(old).key_name != read_receipt(new).key_name
    assert (verdict(old), verdict(new)) == (Verdict.GENUINE, Verdict.GENUINE)
    signing_key()
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_receipts_of_a_key_that_leaked_prove_nothing() -> None:
    old = signed_receipt(SubmissionFactory.create())
    call_command("rotate_receipt_key", "--distrust-earlier")
    assert verdict(old) == Verdict.DISTRUSTED
    assert verdict(signed_receipt(SubmissionFactory.create())) == Verdict.GENUINE


def test_a_file_that_is_no_key_is_never_replaced_silently(key_file: Path) -> None:
    key_file.parent.mkdir()
    key_file.write_text("something else")
    with pytest.raises(KeyUnavailableError):
        signing_key()
    assert key_file.read_text() == "something else"
    assert not ReceiptKey.objects.exists()


# --- What it says -----------------------------------------------------------------


def test_it_says_whose_attempt_arrived_when_and_its_hashes() -> None:
    submission = SubmissionFactory.create(author=UserFactory.create(login="zs1234"))
    file = submission.files.get()
    found = lines_of(submission)
    assert found["Student"] == "zs1234"
    assert found["Attempt"] == "1"
    assert found["Receipt"] == str(submission.pk)
    assert found["Received"] == f"{submission.received_at:%Y-%m-%dT%H:%M:%SZ}"
    assert (found["File"], found["SHA-256"]) == (file.name, file.sha256)
    assert found["Size"] == f"{file.size} bytes"
    assert found["State"] == "on time"


def test_lateness_is_by_the_deadline_that_it_names() -> None:
    """A receipt from before an extension stays genuine, and stays true."""
    submission = SubmissionFactory.create(assignment__late=True)
    before = signed_receipt(submission)
    assert "State: late" in before
    extended = ExtensionFactory.create(
        assignment=submission.assignment, student=submission.author, due_at=hours(2)
    )
    after = lines_of(submission)
    assert after["State"] == "on time"
    assert after["Deadline"] == f"{extended.due_at:%Y-%m-%dT%H:%M:%SZ}"
    assert verdict(before) == Verdict.GENUINE


def test_the_same_submission_gives_the_same_receipt() -> None:
    submission = SubmissionFactory.create()
    assert signed_receipt(submission) == signed_receipt(submission)


def test_a_receipt_of_another_portal_is_told_from_a_changed_one() -> None:
    receipt = signed_receipt(SubmissionFactory.create())
    assert verdict(receipt.replace("Attempt: 1", "Attempt: 7")) == Verdict.CHANGED
    ReceiptKey.objects.all().delete()
    assert verdict(receipt) == Verdict.UNKNOWN_KEY
    assert verdict("\x00".join(receipt.split("Key: "))) == Verdict.UNREADABLE


# --- Its mail ---------------------------------------------------------------------


def due_mail(**more: Any) -> Submission:
    submission: Submission = SubmissionFactory.create(**more)
    ReceiptMail.objects.create(submission=submission)
    return submission


def test_it_is_mailed_once_to_its_author() -> None:
    submission = due_mail()
    mail_receipts()
    assert mail_due_receipts(now=timezone.now()) == 0
    (message,) = mail.outbox
    assert message.to == [submission.author.email]
    assert submission.assignment.title in message.subject
    assert verdict(str(message.body)) == Verdict.GENUINE
    ((name, content, _),) = message.attachments
    assert name.endswith("attempt1.txt")
    assert verdict(str(content)) == Verdict.GENUINE
    assert TASK in {each["task"] for each in app.conf.beat_schedule.values()}


def test_a_mail_waits_for_its_server_and_then_goes_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    due_mail()

    def fail(*_: Any) -> None:
        raise SMTPServerDisconnected

    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", fail)
        assert mail_due_receipts(now=timezone.now()) == 0
    assert mail_due_receipts(now=timezone.now()) == 0
    assert mail_due_receipts(now=timezone.now() + dt.timedelta(minutes=6)) == 1


def test_nobody_is_mailed_who_may_not_sign_in_or_long_afterwards() -> None:
    due_mail(author=UserFactory.create(is_active=False))
    due_mail(author=UserFactory.create(email=""))
    assert mail_due_receipts(now=timezone.now()) == 0
    due_mail()
    assert mail_due_receipts(now=timezone.now() + TRIED_FOR * 2) == 0
    assert not ReceiptMail.objects.exclude(due_at=None).exists()
