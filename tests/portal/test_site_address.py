"""Mails, and addresses for programs, name the portal by SITE_URL alone.

A request's Host header is chosen by whoever sends the request.
"""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as configured
from django.core import mail
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.calendar.services import renew_feed
from courses.models import Announcement
from courses.services.invitations import mail_due_invitations, send_invitations
from courses.services.mailing import mail_due_announcements
from tests.factories import (
    AnnouncementFactory,
    EnrolmentFactory,
    GradingRunFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
SITE: Final = "https://portal.example"
HOSTILE: Final[dict[str, Any]] = {
    "HTTP_HOST": "evil.example:9999",
    "HTTP_X_FORWARDED_HOST": "evil.example",
    "HTTP_X_FORWARDED_PORT": "9999",
    "HTTP_FORWARDED": "host=evil.example",
    "HTTP_X_FORWARDED_PROTO": "gopher",
    "SERVER_NAME": "evil.example",
    "SERVER_PORT": "9999",
}
OPEN: Final[dict[str, Any]] = {
    "SITE_URL": SITE,
    "ALLOWED_HOSTS": ["*"],
    "ACCOUNT_SIGNUP_OPEN": True,
    "ACCOUNT_EMAIL_VERIFICATION": "mandatory",
    "ACCOUNT_EMAIL_NOTIFICATIONS": True,
    "ACCOUNT_MAX_EMAIL_ADDRESSES": None,
    "ACCOUNT_RATE_LIMITS": False,
}
OLD, NEW = "a-long-old-password", "a-long-new-password"
ADDRESS: Final = re.compile(r"https?://[^\s<>\")]+")


@pytest.fixture(autouse=True)
def _portal(settings: Any) -> None:
    """Give a portal that mails everything it can, and answers to any host name."""
    for name, value in OPEN.items():
        setattr(settings, name, value)


@pytest.fixture
def user() -> User:
    user = UserFactory.create(email="sam@example.org")
    user.set_password(OLD)
    user.save()
    EmailAddress.objects.create(
        user=user, email=user.email, primary=True, verified=True
    )
    return user


@pytest.fixture
def hostile(user: User) -> Client:
    client = Client(**HOSTILE)
    client.post("/accounts/login/", {"login": user.email, "password": OLD})
    return client


def the_mail() -> str:
    """Return all mail, after asserting that each address in it is the portal's."""
    assert mail.outbox
    text = "\n".join(
        str(part)
        for message in mail.outbox
        for part in (message.subject, message.body, message.message().as_string())
    )
    assert "evil" not in text
    assert "9999" not in text
    assert all(found.startswith(f"{SITE}/") for found in ADDRESS.findall(text))
    return text


@pytest.mark.parametrize("address", ["sam@example.org", "nobody@example.org"])
@pytest.mark.usefixtures("user")
def test_mail_for_a_new_password_names_the_portal(address: str) -> None:
    Client(**HOSTILE).post("/accounts/password/reset/", {"email": address})
    assert ("/password/reset/key/" in the_mail()) == address.startswith("sam")


@pytest.mark.parametrize("address", ["sam@example.org", "new@example.org"])
@pytest.mark.usefixtures("user")
def test_mail_for_somebody_who_signs_up_names_the_portal(address: str) -> None:
    form = {"email": address, "password1": NEW, "password2": NEW}
    Client(**HOSTILE).post("/accounts/signup/", form)
    assert f"{SITE}/accounts/" in the_mail()


def test_mail_that_confirms_another_address_names_the_portal(hostile: Client) -> None:
    hostile.post("/accounts/email/", {"action_add": "", "email": "s@example.org"})
    assert f"{SITE}/accounts/confirm-email/" in the_mail()


def test_mail_about_a_changed_password_names_the_portal(hostile: Client) -> None:
    form = {"oldpassword": OLD, "password1": NEW, "password2": NEW}
    hostile.post("/accounts/password/change/", form)
    assert "portal.example" in the_mail()


def test_mails_that_workers_send_name_the_portal() -> None:
    newcomer = EnrolmentFactory.create(user=User.objects.create_user("una@example.org"))
    send_invitations(newcomer.course, [newcomer.user])
    mail_due_invitations(now=timezone.now())
    AnnouncementFactory.create(course=newcomer.course, is_mailed=True)
    Announcement.objects.update(mailed_at=None)
    mail_due_announcements(now=timezone.now())
    assert len(mail.outbox) == 2
    assert "/courses/" in the_mail()


@pytest.mark.parametrize("path", ["runs/", "runs/{pk}/", "courses/?page_size=1"])
def test_addresses_in_the_api_name_the_portal(path: str) -> None:
    run = GradingRunFactory.create(finished=True)
    EnrolmentFactory.create(user=run.work.author)
    client = Client(**HOSTILE)
    client.force_login(run.work.author)
    text = client.get(f"/api/v1/{path.format(pk=run.pk)}").content.decode()
    found = ADDRESS.findall(text)
    assert found
    assert all(each.startswith(f"{SITE}/") for each in found)


def test_addresses_in_a_calendar_name_the_portal(hostile: Client, user: User) -> None:
    EnrolmentFactory.create(user=user)
    feed = hostile.get(reverse("courses:feed", args=[renew_feed(actor=user)]))
    page = hostile.get(reverse("courses:calendar"))
    assert b"evil" not in feed.content + page.content


@override_settings(ACCOUNT_RATE_LIMITS={"login_failed": "3/5m/key"})
@pytest.mark.usefixtures("user")
def test_another_host_header_gives_no_extra_tries() -> None:
    for port in range(3):
        client = Client(HTTP_HOST=f"evil.example:{port}")
        client.post("/accounts/login/", {"login": "sam@example.org", "password": "x"})
    answer = Client(HTTP_HOST="evil.example:7").post(
        "/accounts/login/", {"login": "sam@example.org", "password": OLD}
    )
    assert b"Too many tries" in answer.content


def test_our_code_never_reads_the_portal_s_name_from_a_request() -> None:
    asking = re.compile(r"\bget_host\b|get_current_site|HTTP_HOST|FORWARDED_HOST")
    root = Path(configured.BASE_DIR)
    sources = [
        path
        for app in (
            "accounts",
            "courses",
            "submissions",
            "grading",
            "gradebook",
            "portal",
        )
        for path in (root / app).rglob("*.py")
    ]
    found = [str(path) for path in sources if asking.search(path.read_text())]
    templates = [
        str(path)
        for path in (root / "templates").rglob("*.*")
        if re.search(r"get_host|build_absolute_uri", path.read_text())
    ]
    assert found == templates == []
