"""The answer to a request is mailed once, without the reason, and tried again."""

import datetime as dt
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from accounts.models import User
from courses import broker
from courses.models import CourseChange, ExtensionRequest
from courses.services.due_mails import TRIED_AGAIN_AFTER
from courses.services.extension_requests import (
    RequestRefusedError,
    grant_request,
    refuse_request,
)
from courses.services.request_mails import mail_due_answers
from courses.tasks import mail_answers
from tests.factories import EnrolmentFactory, ExtensionRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "send_task_wake_up", lambda _: None)


@pytest.fixture
def request_row() -> ExtensionRequest:
    return ExtensionRequestFactory.create()


@pytest.fixture
def lecturer(request_row: ExtensionRequest) -> User:
    course = request_row.assignment.course
    return EnrolmentFactory.create(course=course, lecturer=True).user


def test_a_granted_request_is_mailed_with_the_new_deadline(
    request_row: ExtensionRequest, lecturer: User
) -> None:
    due_at = dt.datetime(2099, 3, 15, 12, tzinfo=dt.UTC)
    grant_request(
        actor=lecturer, request=request_row, due_at=due_at, answer="Get well soon."
    )
    mail_answers()
    mail_answers()
    (message,) = mail.outbox
    assert message.to == [request_row.student.email]
    assert "is due for you on Sun 15 Mar 2099, 12:00 GMT" in message.body
    assert "Get well soon." in message.body
    assert request_row.reason not in message.body


def test_a_refusal_is_mailed_and_recorded_without_the_reason(
    request_row: ExtensionRequest, lecturer: User
) -> None:
    with pytest.raises(RequestRefusedError, match="Write an answer"):
        refuse_request(actor=lecturer, request=request_row, answer=" ")
    refuse_request(actor=lecturer, request=request_row, answer="It is too late.")
    assert mail_due_answers(now=timezone.now()) == 1
    (message,) = mail.outbox
    assert "was refused" in message.body
    assert "It is too late." in message.body
    change = CourseChange.objects.get()
    assert not change.is_public
    assert request_row.reason not in change.summary + change.reason


def test_a_mail_that_was_not_sent_is_tried_again(
    request_row: ExtensionRequest, lecturer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> int:
        raise SMTPServerDisconnected

    refuse_request(actor=lecturer, request=request_row, answer="No.")
    now = timezone.now()
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", fail)
        assert mail_due_answers(now=now) == 0
    assert mail_due_answers(now=now) == 0
    assert mail_due_answers(now=now + TRIED_AGAIN_AFTER) == 1
