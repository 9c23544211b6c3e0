"""`manage.py demo`: a course with people in it, to try the portal on."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
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


class Command(BaseCommand):
    """Adds the demo course, once; a second time changes nothing."""

    help = "Add a demo course with accounts of known passwords, to try the portal on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--password",
            default=PASSWORD,
            help="of all demo accounts; needed where others can reach the portal",
        )
        parser.add_argument(
            "--beside",
            action="store_true",
            help="add it beside the courses and people that are there",
        )
        parser.add_argument(
            "--if-fresh",
            action="store_true",
            help="where it may not be added, leave it out instead of failing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if find_demo() is None:
            reason = _reason_against(options["password"], beside=options["beside"])
            if reason and not options["if_fresh"]:
                raise CommandError(reason)
            if reason:
                self.stdout.write(f"No demo course was added. {reason}")
                return
        with _no_word_of_hints():
            report = build_demo(password=options["password"], now=timezone.now())
        if options["verbosity"] > 0:
            self._report(report, options["password"])

    def _report(self, report: DemoReport, password: str) -> None:
        state = "is made" if report.was_made else "was there already, and is unchanged"
        address = settings.SITE_URL + report.course.get_absolute_url()
        self.stdout.write(f"The demo course {state}: {address}")
        users = User.objects.in_bulk([p.email for p in MAIN], field_name="email")
        for person in MAIN:
            if person.email in users:
                role = person.role.label if person.role else "Site administrator"
                is_known = check_password(password, users[person.email].password)
                shown = password if is_known else "(password changed)"
                self.stdout.write(f"  {person.email:<24} {shown:<20} {role}")


@contextmanager
def _no_word_of_hints() -> Iterator[None]:
    """Keep quiet that no worker could be told: none need run yet, the rows wait."""
    logger = logging.getLogger("grading.hints")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _reason_against(password: str, *, beside: bool) -> str:
    """Why accounts with a known password may not be added here, or nothing."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    is_local = host in LOCAL or host.endswith(".localhost")
    if not is_local and (password == PASSWORD or len(password) < SHORTEST):
        return (
            f"This portal is at {settings.SITE_URL}, where others can reach it, and "
            "the demo's administrator would have a password that everybody knows. "
            f"Give one of your own, of {SHORTEST} characters or more: --password …"
        )
    if has_content_of_its_own() and not beside:
        return (
            "This portal has courses or people of its own. "
            "To add the demo beside them: manage.py demo --beside"
        )
    return ""
