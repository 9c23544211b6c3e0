"""`manage.py demo`: a course with people in it, to try the portal on."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from portal.demo.building import (
    DemoReport,
    build_demo,
    find_demo,
    has_content_of_its_own,
)
from portal.demo.people import MAIN

PASSWORD = "softmark-demo"  # noqa: S105  printed for everybody to read
LOCAL = ("localhost", "127.0.0.1", "::1")
SHORTEST = 12
# The loggers that report a wake-up that could not be sent.
WAKE_UPS = ("courses.broker", "grading.wake_up")


class Command(BaseCommand):
    """Adds the demo course, once; a second call changes nothing."""

    help = (
        "Add a demo course, with accounts whose passwords are known, to try the portal."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--password",
            default="",
            help=(
                "the password of all demo accounts; needed if the portal has a "
                "public address"
            ),
        )
        parser.add_argument(
            "--beside",
            action="store_true",
            help="add the demo although the portal already has courses and people",
        )
        parser.add_argument(
            "--if-fresh",
            action="store_true",
            help="if the demo must not be added here, do nothing instead of failing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given = options["password"]
        if find_demo() is None:
            reason = _reason_against(given or PASSWORD, beside=options["beside"])
            if reason and not options["if_fresh"]:
                raise CommandError(reason)
            if reason:
                self.stdout.write(f"No demo course was added. {reason}")
                return
            given = given or _new_password()
        with _without_wake_up_warnings():
            report = build_demo(password=given, now=timezone.now())
        if options["verbosity"] > 0:
            self._report(report, [given, *_earlier_passwords()])

    def _report(self, report: DemoReport, passwords: list[str]) -> None:
        state = (
            "has been added"
            if report.was_made
            else "was there already and is unchanged"
        )
        address = settings.SITE_URL + report.course.get_absolute_url()
        self.stdout.write(f"The demo course {state}: {address}")
        users = User.objects.in_bulk([p.email for p in MAIN], field_name="email")
        is_exposed = False
        for person in MAIN:
            if person.email in users:
                role = person.role.label if person.role else "Site administrator"
                known = _matching_password(passwords, users[person.email])
                is_exposed |= known == PASSWORD and not _is_private()
                shown = known or "(password changed)"
                self.stdout.write(f"  {person.email:<24} {shown:<20} {role}")
        if not settings.STAFF_SECOND_FACTOR:
            self.stdout.write(
                "Staff need no second step to sign in here, because only this "
                "machine can reach this portal. To try the second step: "
                "STAFF_SECOND_FACTOR=1 make run"
            )
        if is_exposed:
            self.stdout.write(
                "Others can reach this portal, and everybody knows this password. "
                "Change it, or let the portal listen on 127.0.0.1 only."
            )


def _matching_password(passwords: list[str], user: User) -> str:
    """Return the password of these with which the person signs in, or ""."""
    return next((p for p in passwords if p and check_password(p, user.password)), "")


@contextmanager
def _without_wake_up_warnings() -> Iterator[None]:
    """Log no warnings about wake-ups: no worker need run yet, and the rows wait."""
    before = {name: logging.getLogger(name).level for name in WAKE_UPS}
    for name in WAKE_UPS:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _is_private() -> bool:
    """Return whether only this machine can reach the portal."""
    return settings.BIND.strip("[]") in LOCAL


def _password_file() -> Path:
    return settings.VAR_DIR / "demo-password"


def _new_password() -> str:
    """Return a password for a new demo: if others can reach the portal, a random one.

    A random password is stored in a file.
    """
    if _is_private():
        return PASSWORD
    path = _password_file()
    path.touch(mode=0o600)
    path.write_text(secrets.token_urlsafe(12))
    return path.read_text()


def _earlier_passwords() -> list[str]:
    """Return the passwords that this command may have given the accounts before."""
    path = _password_file()
    return [PASSWORD, *([path.read_text()] if path.is_file() else [])]


def _reason_against(password: str, *, beside: bool) -> str:
    """Return why accounts with a known password may not be added here, or ""."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    is_local = host in LOCAL or host.endswith(".localhost")
    if not is_local and (password == PASSWORD or len(password) < SHORTEST):
        return (
            f"Others can reach this portal at {settings.SITE_URL}, and the demo's "
            "administrator would have a password that everybody knows. Give your own "
            f"password of {SHORTEST} characters or more: --password …"
        )
    if has_content_of_its_own() and not beside:
        return (
            "This portal already has courses or people. To add the demo anyway: "
            "manage.py demo --beside"
        )
    return ""
