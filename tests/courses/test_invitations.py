"""New people get one mail that lets them choose a password; nobody else does."""

import datetime as dt
import re
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User
from courses import broker
from courses.models import Course, Enrolment
from courses.services.invitations import (
    PORTION,
    TASK,
    TRIED_AGAIN_AFTER,
    mail_due_invitations,
    send_invitations,
)
from courses.tasks import invite as task
from portal.celery import app
from tests.factories import CourseFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the tasks that were sent to the broker."""
    told: list[str] = []
    monkeypatch.setattr(broker, "connect", lambda _: None)
    monkeypatch.setattr(app, "send_task", lambda name, **_: told.append(name))
    return told


def newcomer_in(course: Course, number: int = 0) -> Enrolment:
    user = User.objects.create_user(f"una{number}@example.org", first_name="Una")
    row: Enrolment = EnrolmentFactory.create(course=course, user=user)
    return row


@pytest.fixture
def newcomer() -> Enrolment:
    user = User.objects.create_user("una@example.org", first_name="Una")
    return EnrolmentFactory.create(user=user)


def invited(newcomer: Enrolment, **options: Any) -> int:
    return send_invitations(newcomer.course, [newcomer.user], **options)


def send(*, after: dt.timedelta = dt.timedelta(0)) -> int:
    return mail_due_invitations(now=timezone.now() + after)


def test_link_in_the_mail_lets_the_person_set_a_password(newcomer: Enrolment) -> None:
    send_invitations(newcomer.course, [newcomer.user])
    task()
    (message,) = mail.outbox
    assert message.to == ["una@example.org"]
    assert message.subject == "Softmark: Your account for Deep Learning"
    assert str(newcomer.course) in message.body
    found = re.search(
        r"http://[^/]+(/accounts/password/reset/key/\S+)", str(message.body)
    )
    assert found is not None
    client = Client()
    form = client.get(found.group(1), follow=True)
    phrase = "a fine long phrase"
    client.post(form.redirect_chain[-1][0], {"password1": phrase, "password2": phrase})
    newcomer.user.refresh_from_db()
    assert newcomer.user.check_password(phrase)


def test_people_who_can_sign_in_get_no_mail(newcomer: Enrolment) -> None:
    newcomer.user.set_password("a fine long phrase")
    newcomer.user.save()
    assert (invited(newcomer), send()) == (0, 0)


def test_people_of_other_courses_get_no_mail(newcomer: Enrolment) -> None:
    assert send_invitations(CourseFactory.create(), [newcomer.user]) == 0
    assert send() == 0


def test_people_who_have_left_get_no_mail(newcomer: Enrolment) -> None:
    assert invited(newcomer) == 1
    Enrolment.objects.update(is_active=False)
    assert send() == 0


def test_person_who_set_a_password_meanwhile_gets_no_mail(newcomer: Enrolment) -> None:
    assert invited(newcomer) == 1
    newcomer.user.set_password("a fine long phrase")
    newcomer.user.save()
    assert send() == 0


def test_an_invitation_is_sent_once(newcomer: Enrolment) -> None:
    assert invited(newcomer) == 1
    assert (send(), send(), send(after=2 * TRIED_AGAIN_AFTER)) == (1, 0, 0)
    assert (invited(newcomer), send()) == (0, 0)
    newcomer.refresh_from_db()
    assert newcomer.invited_at is not None
    assert newcomer.invitation_due_at is None


def test_somebody_may_be_invited_again(newcomer: Enrolment) -> None:
    invited(newcomer)
    send()
    assert (invited(newcomer, again=True), send()) == (1, 1)
    assert len(mail.outbox) == 2


def test_workers_are_woken_and_send_in_portions(woken: list[str]) -> None:
    course = CourseFactory.create()
    rows = [newcomer_in(course, number) for number in range(PORTION + 1)]
    assert send_invitations(course, [row.user for row in rows]) == PORTION + 1
    assert woken == [TASK]
    assert TASK in app.tasks
    assert (send(), woken) == (PORTION, [TASK, TASK])
    assert (send(), woken) == (1, [TASK, TASK])


def test_without_a_broker_invitations_wait_and_are_sent_later(
    newcomer: Enrolment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(broker, "connect", fail)
    assert invited(newcomer) == 1
    assert mail.outbox == []
    task()
    assert len(mail.outbox) == 1


def test_scheduled_task_sends_invitations_without_a_wake_up() -> None:
    tasks = {each["task"] for each in app.conf.beat_schedule.values()}
    assert TASK in tasks


def test_inviting_again_before_sending_gives_one_mail_each(
    newcomer: Enrolment,
) -> None:
    assert (invited(newcomer), invited(newcomer)) == (1, 1)
    assert (send(), send()) == (1, 0)


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: Any) -> int:
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", fail)


@pytest.mark.parametrize(
    "error",
    [SMTPServerDisconnected(), ConnectionRefusedError(), TimeoutError(), ValueError()],
)
def test_mail_that_the_server_refused_is_tried_again(
    newcomer: Enrolment, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    invited(newcomer)
    with monkeypatch.context() as patch:
        fail_with(patch, error)
        assert send() == 0
    assert send() == 0
    assert send(after=TRIED_AGAIN_AFTER) == 1
    assert len(mail.outbox) == 1


def test_a_server_that_is_down_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []

    def fail(_: Any, messages: Any) -> int:
        tried.extend(messages)
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    course = CourseFactory.create()
    rows = [newcomer_in(course, number) for number in range(9)]
    send_invitations(course, [row.user for row in rows])
    assert send() == 0
    assert len(tried) == 3


def test_one_bad_address_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = EmailBackend.send_messages

    def picky(self: EmailBackend, messages: Any) -> int:
        if messages[0].to == ["una1@example.org"]:
            raise ValueError
        return usual(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", picky)
    course = CourseFactory.create()
    rows = [newcomer_in(course, number) for number in range(3)]
    send_invitations(course, [row.user for row in rows])
    assert send() == 2
    assert course.enrolments.exclude(invitation_due_at=None).count() == 1


def test_invitation_claimed_by_another_worker_is_not_sent_twice(
    newcomer: Enrolment, monkeypatch: pytest.MonkeyPatch
) -> None:
    invited(newcomer)
    usual = EmailBackend.send_messages

    def meanwhile(self: EmailBackend, messages: Any) -> int:
        assert send() == 0
        return usual(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", meanwhile)
    assert send() == 1
