"""An incident is open as long as its problem, and mailed to site staff once."""

import datetime as dt
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import User
from grading.models import Incident
from grading.services import mail_incidents, record_incidents
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
DISK = {"disk": "The disk has only 1 GB left."}
ADDRESS = "https://softmark.example/operations/"


@pytest.fixture(autouse=True)
def site_staff() -> User:
    UserFactory.create(email="student@example.edu")
    UserFactory.create(email="left@example.edu", is_superuser=True, is_active=False)
    return UserFactory.create(email="ops@example.edu", is_superuser=True)


def find(problems: dict[str, str], *, age: float = 60) -> int:
    """Record what a check finds now, let the incidents grow older, and mail them."""
    record_incidents(actor=SYSTEM, problems=problems)
    opened = timezone.now() - dt.timedelta(seconds=age)
    Incident.objects.filter(mailed_at=None).update(opened_at=opened)
    return mail_incidents(actor=SYSTEM, address=ADDRESS)


def test_one_incident_gives_one_mail_to_site_staff(mailoutbox: Any) -> None:
    for _ in range(3):
        find(DISK)
    assert [mail.to for mail in mailoutbox] == [["ops@example.edu"]]
    assert mailoutbox[0].subject == "Softmark: The disk has only 1 GB left."
    assert ADDRESS in mailoutbox[0].body


def test_new_incidents_share_a_mail(mailoutbox: Any) -> None:
    find(DISK | {"worker:a": "The worker a has died."})
    (mail,) = mailoutbox
    assert "(and 1 more)" in mail.subject
    assert "The worker a has died." in mail.body


def test_problem_that_goes_away_at_once_is_not_mailed(mailoutbox: Any) -> None:
    assert find(DISK, age=10) == 0
    assert find({}) == 0
    assert mailoutbox == []
    assert Incident.objects.get().closed_at is not None


def test_problem_that_returns_soon_is_the_same_incident(mailoutbox: Any) -> None:
    for problems in (DISK, {}, DISK):
        find(problems)
    assert Incident.objects.get().closed_at is None
    assert len(mailoutbox) == 1


def test_problem_that_returns_later_is_a_new_incident(mailoutbox: Any) -> None:
    find(DISK)
    find({})
    Incident.objects.update(closed_at=timezone.now() - dt.timedelta(hours=1))
    find(DISK)
    assert Incident.objects.count() == len(mailoutbox) == 2


def test_mail_that_could_not_be_sent_is_sent_later(
    mailoutbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(mail: EmailMessage) -> int:
        raise SMTPServerDisconnected

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", fail)
        assert find(DISK) == 0
    assert find(DISK) == 1
    assert len(mailoutbox) == 1
