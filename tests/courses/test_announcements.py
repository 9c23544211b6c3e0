"""An announcement is shown from its time on, and mailed once to the whole course."""

import datetime as dt
import smtplib
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMessage
from django.utils import timezone

from accounts.models import User
from courses.models import Announcement, Course, CourseChange
from courses.services import announcements, mailing
from courses.services.announcements import (
    AnnouncementContent,
    AnnouncementRefusedError,
    create_announcement,
    delete_announcement,
    edit_announcement,
)
from courses.services.mailing import mail_due_announcements
from portal.tasks import mail_announcements
from tests.factories import (
    AnnouncementFactory,
    CourseFactory,
    EnrolmentFactory,
    UserFactory,
    hours,
)

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def lecturer(course: Course) -> User:
    return EnrolmentFactory.create(course=course, lecturer=True).user


def notice(**changes: Any) -> AnnouncementContent:
    fields = {"title": "The lab moves", "body": "To **311**.", **changes}
    return AnnouncementContent(**{"release_at": timezone.now(), **fields})


def addresses(mailoutbox: list[EmailMessage]) -> list[str]:
    return sorted(address for mail in mailoutbox for address in mail.to)


# --- Writing -----------------------------------------------------------------


def test_announcement_names_its_author(course: Course, lecturer: User) -> None:
    made = create_announcement(
        actor=lecturer, course=course, content=notice(is_pinned=True)
    )
    assert made.author == lecturer
    assert made.is_pinned
    assert not made.is_mailed


def test_workers_are_woken_once_the_announcement_is_stored(
    course: Course,
    lecturer: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(announcements, "send_task_wake_up", sent.append)
    with django_capture_on_commit_callbacks(execute=True):
        create_announcement(
            actor=lecturer, course=course, content=notice(is_mailed=True)
        )
        assert sent == []
    assert sent == [mail_announcements.name]


@pytest.mark.parametrize(
    "changes",
    [
        {"is_mailed": False},
        {"is_mailed": True, "release_at": None},
        {"is_mailed": True, "release_at": timezone.now() + DAY},
    ],
)
def test_no_worker_is_woken_for_an_announcement_that_is_not_due(
    course: Course,
    lecturer: User,
    changes: dict[str, Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        create_announcement(actor=lecturer, course=course, content=notice(**changes))
    assert callbacks == []


def test_end_before_the_beginning_is_refused(course: Course, lecturer: User) -> None:
    now = timezone.now()
    with pytest.raises(AnnouncementRefusedError, match="end after"):
        create_announcement(
            actor=lecturer,
            course=course,
            content=notice(release_at=now, ends_at=now - DAY),
        )


def test_editing_does_not_mail_again(
    course: Course, lecturer: User, mailoutbox: list[EmailMessage]
) -> None:
    made = AnnouncementFactory.create(course=course, is_mailed=True)
    mail_due_announcements(now=timezone.now())
    sent = len(mailoutbox)
    edit_announcement(
        actor=lecturer,
        announcement=made,
        content=notice(title="Really", is_mailed=True),
    )
    mail_due_announcements(now=timezone.now())
    made.refresh_from_db()
    assert made.title == "Really"
    assert len(mailoutbox) == sent == 1


def test_deleted_announcement_leaves_a_record(course: Course, lecturer: User) -> None:
    made = AnnouncementFactory.create(course=course)
    delete_announcement(actor=lecturer, announcement=made)
    assert not Announcement.objects.exists()
    change = CourseChange.objects.get()
    assert change.summary == "The announcement “The lab moves” was deleted."
    assert not change.is_public


@pytest.mark.parametrize("role", ["student", "assistant"])
def test_only_editors_announce(course: Course, role: str) -> None:
    user = EnrolmentFactory.create(course=course, role=role).user
    made = AnnouncementFactory.create(course=course)
    with pytest.raises(PermissionDenied):
        create_announcement(actor=user, course=course, content=notice())
    with pytest.raises(PermissionDenied):
        edit_announcement(actor=user, announcement=made, content=notice())
    with pytest.raises(PermissionDenied):
        delete_announcement(actor=user, announcement=made)


# --- Mailing -----------------------------------------------------------------


def test_everybody_in_the_course_gets_one_mail(
    course: Course, lecturer: User, mailoutbox: list[EmailMessage]
) -> None:
    student = EnrolmentFactory.create(course=course).user
    EnrolmentFactory.create(course=course, left=True)
    EnrolmentFactory.create(course=course, user=UserFactory.create(is_active=False))
    EnrolmentFactory.create()
    AnnouncementFactory.create(course=course, is_mailed=True)
    assert mail_due_announcements(now=timezone.now()) == 1
    assert addresses(mailoutbox) == sorted([student.email, lecturer.email])
    assert all(len(mail.to) == 1 for mail in mailoutbox)


def test_mail_has_the_text_and_a_link(
    course: Course, lecturer: User, mailoutbox: list[EmailMessage]
) -> None:
    AnnouncementFactory.create(
        course=course,
        title="Lab\r\nBcc: eve@example.org",
        body="To **311** & <b>not</b> 308.",
        author=lecturer,
        is_mailed=True,
    )
    mail_due_announcements(now=timezone.now())
    mail = mailoutbox[0]
    assert mail.subject == "[70010/97111] Lab Bcc: eve@example.org"
    assert "To **311** & <b>not</b> 308." in mail.body
    assert f"{settings.SITE_URL}/courses/{course.slug}/" in mail.body
    assert lecturer.name in mail.body


def test_nothing_is_mailed_twice(
    course: Course, lecturer: User, mailoutbox: list[EmailMessage]
) -> None:
    AnnouncementFactory.create(course=course, is_mailed=True)
    now = timezone.now()
    assert [mail_due_announcements(now=now) for _ in range(2)] == [1, 0]
    assert len(mailoutbox) == 1


def test_only_one_worker_claims_a_mailing() -> None:
    made = AnnouncementFactory.create(is_mailed=True)
    now = timezone.now()
    claims = [Announcement.objects.claim_mails(made.pk, now) for _ in range(3)]
    assert [bool(claim) for claim in claims] == [True, False, False]


def test_drafts_and_future_announcements_are_not_mailed(
    course: Course, lecturer: User, mailoutbox: list[EmailMessage]
) -> None:
    AnnouncementFactory.create(course=course, is_mailed=True, hidden=True)
    later = AnnouncementFactory.create(
        course=course, is_mailed=True, release_at=hours(2)
    )
    assert mail_due_announcements(now=timezone.now()) == 0
    assert mail_due_announcements(now=hours(3)) == 1
    later.refresh_from_db()
    assert later.mailed_at is not None
    assert len(mailoutbox) == 1


def test_hidden_course_mails_nobody(mailoutbox: list[EmailMessage]) -> None:
    hidden = CourseFactory.create(hidden=True)
    EnrolmentFactory.create(course=hidden)
    AnnouncementFactory.create(course=hidden, is_mailed=True)
    assert mail_due_announcements(now=timezone.now()) == 0
    assert mailoutbox == []


def test_the_task_sends_the_mails(
    course: Course, lecturer: User, mailoutbox: list[EmailMessage]
) -> None:
    AnnouncementFactory.create(course=course, is_mailed=True)
    mail_announcements()
    assert len(mailoutbox) == 1


# --- Failures --------------------------------------------------------------


class Server:
    """A mail server that refuses some addresses, or does not answer."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.tried: list[str] = []
        self.refuses: set[str] = set()
        self.is_down = self.is_lost = False

    def open(self) -> bool:
        if self.is_down:
            raise ConnectionRefusedError
        return True

    def close(self) -> None:
        if self.is_lost:
            raise smtplib.SMTPServerDisconnected("gone")

    def send_messages(self, messages: list[EmailMessage]) -> int:
        [address] = messages[0].to
        self.tried.append(address)
        if self.is_lost or address in self.refuses:
            raise smtplib.SMTPRecipientsRefused({address: (550, b"no")})
        self.got.append(address)
        return 1


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(mailing, "get_connection", lambda: server)
    return server


@pytest.fixture
def students(course: Course) -> list[str]:
    people = EnrolmentFactory.create_batch(8, course=course)
    AnnouncementFactory.create(course=course, is_mailed=True)
    return sorted(row.user.email for row in people)


def test_address_that_fails_stops_no_other(server: Server, students: list[str]) -> None:
    server.refuses = {students[0], students[4]}
    assert mail_due_announcements(now=timezone.now()) == 1
    assert sorted(server.got) == [s for s in students if s not in server.refuses]
    told = CourseChange.objects.get()
    assert told.summary.endswith("was mailed to 6 of 8 people.")
    assert mail_due_announcements(now=timezone.now()) == 0


def test_invalid_address_stops_no_other(
    course: Course, mailoutbox: list[EmailMessage]
) -> None:
    people = EnrolmentFactory.create_batch(3, course=course)
    broken = people[1].user
    type(broken).objects.filter(pk=broken.pk).update(email="a@b\n, c d@x")
    AnnouncementFactory.create(course=course, is_mailed=True)
    assert mail_due_announcements(now=timezone.now()) == 1
    assert len(mailoutbox) == 2
    assert CourseChange.objects.get().summary.endswith("2 of 3 people.")


def test_server_that_is_down_is_tried_again_later(
    server: Server, students: list[str]
) -> None:
    server.is_down = True
    assert mail_due_announcements(now=timezone.now()) == 0
    assert Announcement.objects.get().mailed_at is None
    server.is_down = False
    assert mail_due_announcements(now=timezone.now()) == 1
    assert sorted(server.got) == students


def test_lost_server_is_given_up_after_a_few_mails(
    server: Server, students: list[str]
) -> None:
    server.is_lost = True
    assert mail_due_announcements(now=timezone.now()) == 0
    assert mail_due_announcements(now=timezone.now()) == 0
    assert len(server.tried) == 5
    assert mail_due_announcements(now=hours(1)) == 1
    assert len(server.tried) == 8
    assert CourseChange.objects.get().summary.endswith("0 of 8 people.")


def test_large_mailing_goes_out_in_portions(
    server: Server, students: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(mailing, "_PORTION", 3)
    monkeypatch.setattr(mailing, "send_task_wake_up", woken.append)
    now = timezone.now()
    found = [mail_due_announcements(now=hours(0)) for _ in range(4)]
    assert found == [0, 0, 1, 0]
    assert sorted(server.got) == students
    assert woken == ["portal.mail_announcements"] * 2
    assert CourseChange.objects.get().summary.endswith("was mailed to 8 of 8 people.")
    mailed_at = Announcement.objects.get().mailed_at
    assert mailed_at is not None
    assert mailed_at >= now


def test_mailing_whose_worker_died_goes_on_and_reaches_nobody_twice(
    server: Server, students: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    send = server.send_messages

    def die_at_the_fourth(messages: list[EmailMessage]) -> int:
        if len(server.got) == 3:
            raise SystemExit
        return send(messages)

    monkeypatch.setattr(server, "send_messages", die_at_the_fourth)
    with pytest.raises(SystemExit):
        mail_due_announcements(now=timezone.now())
    monkeypatch.setattr(server, "send_messages", send)
    assert mail_due_announcements(now=timezone.now()) == 0
    assert mail_due_announcements(now=hours(1)) == 1
    # Nobody knows whether the mail being sent at that moment arrived: it is not repeated.
    assert len(server.got) == len(set(server.got)) == 7
    assert CourseChange.objects.get().summary.endswith("was mailed to 7 of 8 people.")


def test_server_that_goes_down_between_portions_is_tried_again(
    server: Server, students: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "_PORTION", 5)
    monkeypatch.setattr(mailing, "send_task_wake_up", lambda _task: None)
    mail_due_announcements(now=timezone.now())
    server.is_down = True
    assert mail_due_announcements(now=hours(0)) == 0
    server.is_down = False
    assert mail_due_announcements(now=hours(0)) == 1
    assert sorted(server.got) == students


@pytest.mark.parametrize("change", ["draft", "not by mail", "hidden course", "deleted"])
def test_withdrawn_announcement_is_mailed_to_nobody_else(
    server: Server,
    students: list[str],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    send = server.send_messages

    def take_back_at_the_third(messages: list[EmailMessage]) -> int:
        rows = Announcement.objects.all()
        if len(server.got) == 2 and change == "draft":
            rows.update(release_at=None)
        elif len(server.got) == 2 and change == "not by mail":
            rows.update(is_mailed=False)
        elif len(server.got) == 2 and change == "hidden course":
            Course.objects.update(release_at=None)
        elif len(server.got) == 2:
            rows.delete()
        return send(messages)

    monkeypatch.setattr(server, "send_messages", take_back_at_the_third)
    assert [mail_due_announcements(now=hours(after)) for after in (0, 1)] == [0, 0]
    assert len(server.got) == 3
    assert not CourseChange.objects.exists()


def test_worker_that_lost_its_claim_mails_nothing_more(
    server: Server, students: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    send = server.send_messages

    def fall_silent_at_the_third(messages: list[EmailMessage]) -> int:
        if len(server.got) == 2:
            monkeypatch.setattr(server, "send_messages", send)
            assert mail_due_announcements(now=hours(1)) == 1
        return send(messages)

    monkeypatch.setattr(server, "send_messages", fall_silent_at_the_third)
    assert mail_due_announcements(now=timezone.now()) == 0
    # The third mail was already being sent; the other worker continued with the fourth.
    assert sorted(server.got) == students
    assert Announcement.objects.get().mailing_until is None
