"""System checks: what `manage.py check --deploy` refuses, with words on what to do.

These are errors, not warnings: each one alone would put marks or accounts at risk.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.http.request import validate_host

LOWEST_LEVEL: Final = 1
KEY_LENGTH: Final = 50
KEY_CHARACTERS: Final = 20
PLACEHOLDERS: Final = (
    "django-insecure",
    "changeme",
    "change-me",
    "secret",
    "only-for-",
)
SILENT_MAIL: Final = ("console", "dummy", "locmem", "filebased")


def _low_level() -> bool:
    return bool(settings.RUNNER_MIN_LEVEL < LOWEST_LEVEL)


def _weak_key() -> bool:
    key = settings.SECRET_KEY
    return (
        len(key) < KEY_LENGTH
        or len(set(key)) < KEY_CHARACTERS
        or key.lower().startswith(PLACEHOLDERS)
    )


def _no_mail() -> bool:
    return any(f".{name}." in settings.EMAIL_BACKEND for name in SILENT_MAIL)


def _refused_site() -> bool:
    host = urlsplit(settings.SITE_URL).hostname or ""
    name = f"[{host}]" if ":" in host else host
    return not validate_host(name, settings.ALLOWED_HOSTS)


# Each condition that must not hold, with its error.
RULES: Final[Sequence[tuple[Callable[[], bool], Error]]] = (
    (
        _low_level,
        Error(
            "Notebooks would run without isolation: RUNNER_MIN_LEVEL is below 1.",
            hint=(
                "Set RUNNER_MIN_LEVEL=1 or higher. Then a worker refuses to start on "
                "a host that cannot isolate jobs."
            ),
            id="softmark.E001",
        ),
    ),
    (
        lambda: bool(settings.RUNNER_BACKEND == "bare"),
        Error(
            "Notebooks would run without a jail: RUNNER_BACKEND is bare.",
            hint="Unset RUNNER_BACKEND, or set it to namespaces or bwrap.",
            id="softmark.E006",
        ),
    ),
    (
        lambda: bool(settings.DEBUG),
        Error(
            "DEBUG is on, so errors show settings and code to anyone.",
            hint="Unset DEBUG.",
            id="softmark.E002",
        ),
    ),
    (
        _weak_key,
        Error(
            "SECRET_KEY can be guessed, so anyone can sign in as anyone.",
            hint=(
                f"Set SECRET_KEY to at least {KEY_LENGTH} random characters; "
                "scripts/write_env.py makes such a key."
            ),
            id="softmark.E003",
        ),
    ),
    (
        lambda: not settings.STAFF_SECOND_FACTOR,
        Error(
            "Staff can change marks with a password alone: STAFF_SECOND_FACTOR is off.",
            hint="Unset STAFF_SECOND_FACTOR, or set it to 1.",
            id="softmark.E007",
        ),
    ),
    (
        lambda: not settings.HTTPS,
        Error(
            "Passwords and work would be sent unencrypted: HTTPS is off.",
            hint="Set SITE_URL to an address that starts with https://, or HTTPS=1.",
            id="softmark.E004",
        ),
    ),
    (
        _refused_site,
        Error(
            "The portal refuses its own address: ALLOWED_HOSTS lacks SITE_URL's host.",
            hint="Add the host name of SITE_URL to ALLOWED_HOSTS.",
            id="softmark.E008",
        ),
    ),
    (
        _no_mail,
        Error(
            "The portal cannot send mail, so nobody can reset a password.",
            hint="Set EMAIL_URL, for example EMAIL_URL=submission://user:key@host:587.",
            id="softmark.E005",
        ),
    ),
)


@register(Tags.security, deploy=True)
def production_is_safe(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Return an error for every setting that is unsafe for real students."""
    return [error for is_broken, error in RULES if is_broken()]
