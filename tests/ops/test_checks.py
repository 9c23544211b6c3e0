"""`check --deploy` refuses settings that are unsafe for real students."""

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django.fixtures import Settings

from portal.checks import production_is_safe

KEY = "k3Vw9-xQ2mZ7pL5tR8yB1nC4fG6hJ0aSdEuIoPqWvXzKjHgTMnBvCxYa"
GOOD = {
    "RUNNER_BACKEND": "namespaces",
    "RUNNER_MIN_LEVEL": 1,
    "DEBUG": False,
    "SECRET_KEY": KEY,
    "HTTPS": True,
    "SITE_URL": "https://softmark.example.edu",
    "ALLOWED_HOSTS": ["softmark.example.edu"],
    "STAFF_SECOND_FACTOR": True,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
}


def errors_with(settings: Settings, **changed: Any) -> list[str | None]:
    for name, value in {**GOOD, **changed}.items():
        setattr(settings, name, value)
    return [message.id for message in production_is_safe(None)]


def test_safe_settings_pass(settings: Settings) -> None:
    assert errors_with(settings) == []


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("RUNNER_MIN_LEVEL", 0, "softmark.E001"),
        ("RUNNER_BACKEND", "bare", "softmark.E006"),
        ("DEBUG", True, "softmark.E002"),
        ("SECRET_KEY", "short", "softmark.E003"),
        ("SECRET_KEY", "x" * 60, "softmark.E003"),
        ("SECRET_KEY", "django-insecure-" + KEY, "softmark.E003"),
        ("HTTPS", False, "softmark.E004"),
        ("STAFF_SECOND_FACTOR", False, "softmark.E007"),
        ("ALLOWED_HOSTS", ["localhost", "other.example.edu"], "softmark.E008"),
        ("SITE_URL", "https://[2001:db8::1]:8443", "softmark.E008"),
        (
            "EMAIL_BACKEND",
            "django.core.mail.backends.console.EmailBackend",
            "softmark.E005",
        ),
    ],
)
def test_unsafe_setting_is_refused(
    settings: Settings, name: str, value: object, error: str
) -> None:
    assert errors_with(settings, **{name: value}) == [error]


@pytest.mark.parametrize(
    ("site", "hosts"),
    [
        ("https://softmark.example.edu:8443/", [".example.edu"]),
        ("https://SOFTMARK.example.edu", ["*"]),
        ("https://[2001:db8::1]", ["[2001:db8::1]"]),
    ],
)
def test_address_that_the_hosts_include_passes(
    settings: Settings, site: str, hosts: list[str]
) -> None:
    assert errors_with(settings, SITE_URL=site, ALLOWED_HOSTS=hosts) == []


def test_command_refuses_a_runner_without_a_jail(settings: Settings) -> None:
    settings.RUNNER_BACKEND = "bare"
    with pytest.raises(SystemCheckError, match="RUNNER_BACKEND is bare"):
        call_command("check", deploy=True)


def test_ordinary_check_does_not_report_them() -> None:
    call_command("check", fail_level="WARNING")
