"""New people get one mail that lets them choose a password; nobody else does."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from kombu.exceptions import OperationalError

from accounts.models import User
from courses.models import Course, Enrolment
from courses.services import invitations
from courses.services.invitations import BATCH, invite, send_invitations
from courses.tasks import invite as task
from portal.celery import app
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomer() -> Enrolment:
    user = User.objects.create_user("una@example.org", first_name="Una")
    return EnrolmentFactory.create(user=user)


def test_link_of_the_mail_leads_to_a_password(newcomer: Enrolment) -> None:
    task(newcomer.course_id, [newcomer.user_id])
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


def test_those_who_can_sign_in_get_no_mail(newcomer: Enrolment) -> None:
    newcomer.user.set_password("a fine long phrase")
    newcomer.user.save()
    assert invite(course_id=newcomer.course_id, user_ids=[newcomer.user_id]) == 0


def test_people_of_other_courses_get_no_mail(newcomer: Enrolment) -> None:
    other = CourseFactory.create()
    assert invite(course_id=other.pk, user_ids=[newcomer.user_id]) == 0


def test_those_who_have_left_get_no_mail(newcomer: Enrolment) -> None:
    Enrolment.objects.update(is_active=False)
    assert invite(course_id=newcomer.course_id, user_ids=[newcomer.user_id]) == 0


def test_workers_are_asked_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def keep(name: str, args: list[Any], **_: Any) -> None:
        assert name in app.tasks
        sent.append(args)

    monkeypatch.setattr(app, "send_task", keep)
    monkeypatch.setattr(invitations, "connect", lambda _: None)
    app.loader.import_default_modules()
    course, users = CourseFactory.create(), UserFactory.create_batch(BATCH + 1)
    assert send_invitations(course, users) == BATCH + 1
    assert [len(args[1]) for args in sent] == [BATCH, 1]
    assert {args[0] for args in sent} == {course.pk}


def test_broker_that_is_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(invitations, "connect", fail)
    course: Course = CourseFactory.create()
    assert send_invitations(course, [UserFactory.create()]) == 0
