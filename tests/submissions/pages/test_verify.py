"""The public page that verifies receipts: what it says, and what it never tells."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.throttles import VerifyThrottle
from formats.receipt_text import LONGEST_RECEIPT
from submissions.models import Submission
from submissions.signed_receipts import signed_receipt
from tests.factories import SubmissionFactory, UserFactory
from tests.grading.pages import Answer, words

pytestmark = pytest.mark.django_db


def verified(receipt: str, **more: object) -> Answer:
    """Return the page's answer to somebody who has not signed in."""
    return Client().post(reverse("submissions:verify"), {"receipt": receipt, **more})


def test_a_genuine_receipt_is_shown_as_it_was_signed() -> None:
    author = UserFactory.create(login="zs1234")
    receipt = signed_receipt(SubmissionFactory.create(author=author))
    text = words(verified(f"Look, full marks!\n{receipt}"))
    assert "This receipt is genuine" in text
    assert "Student zs1234" in text
    file = SimpleUploadedFile("receipt.txt", receipt.encode())
    assert "This receipt is genuine" in words(verified("", file=file))


def test_a_changed_text_is_refused_and_not_repeated_as_ours() -> None:
    receipt = signed_receipt(SubmissionFactory.create())
    answer = verified(receipt.replace("State: on time", "State: splendid"))
    text = words(answer)
    assert "This receipt is not genuine" in text
    assert "What was signed" not in text


def test_nothing_can_be_found_out_but_whether_a_signature_holds() -> None:
    """A receipt of a submission that is gone is as genuine as before."""
    submission = SubmissionFactory.create()
    receipt = signed_receipt(submission)
    there = words(verified(receipt))
    submission.files.all().delete()
    Submission.objects.all().delete()
    assert words(verified(receipt)) == there


@pytest.mark.parametrize(
    ("receipt", "said"),
    [
        ("", "Paste a receipt, or choose its file."),
        ("x", "The text has no line"),
        ("x" * (LONGEST_RECEIPT + 1), "longer than any receipt"),
    ],
)
def test_what_is_no_receipt_is_refused_in_words(receipt: str, said: str) -> None:
    assert said in words(verified(receipt))


def test_a_long_file_and_a_file_that_is_no_text_are_refused() -> None:
    long = SimpleUploadedFile("a.txt", b"x" * (LONGEST_RECEIPT + 1))
    assert verified("", file=long).status_code == 422
    odd = SimpleUploadedFile("a.txt", bytes(range(256)))
    assert "The text has no line" in words(verified("", file=odd))


def test_it_is_throttled_also_for_people_who_have_not_signed_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(VerifyThrottle, "rate", "1/hour")
    assert verified("x").status_code == 200
    answer = verified("x")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_the_public_keys_are_there_for_other_programs() -> None:
    signed_receipt(SubmissionFactory.create())
    text = Client().get(reverse("submissions:receipt-keys")).content.decode()
    assert "-----BEGIN PUBLIC KEY-----" in text
    assert "PRIVATE" not in text
