"""Who must sign in with a second factor, and whether they have one.

Site staff, lecturers and assistants can read and change marks, so a password that
somebody else has learned must not be enough. The rule is computed at each request, so
it follows a new role at once.
"""

from typing import Final

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User

# Session key in the session that set the factor up: the id of the factor's owner.
SET_UP_HERE: Final = "second_factor_set_up_by"


def must_have_second_factor(user: User) -> bool:
    """Return whether the person's rights demand a second factor.

    It makes no query for site staff.
    """
    if not settings.STAFF_SECOND_FACTOR:
        return False
    if user.is_staff or user.is_superuser:
        return True
    return (
        bool(settings.COURSE_STAFF_SECOND_FACTOR) and user.enrolments.staff().exists()
    )


def has_second_factor(user: User) -> bool:
    """Return whether the person has set up a second factor. One query."""
    found: bool = Authenticator.objects.filter(user=user).exists()
    return found


def lacks_second_factor(user: User) -> bool:
    """Return whether the person must have a second factor and has none."""
    return must_have_second_factor(user) and not has_second_factor(user)


def has_proved_second_factor(request: HttpRequest) -> bool:
    """Return whether a code was given in this session, or the factor set up in it.

    SECURITY: a session that began with the password alone, before the factor was set up
    elsewhere, has not proved it: its holder may be another person.
    """
    user = request.user
    if not isinstance(user, User):
        return False
    if request.session.get(SET_UP_HERE) == user.pk:
        return True
    records = get_authentication_records(request, user)
    return any(record.get("method") == "mfa" for record in records)


@receiver(authenticator_added)
def note_set_up(request: HttpRequest, user: User, **kwargs: object) -> None:
    """Record in the session that the person has just given a code of the new factor."""
    request.session[SET_UP_HERE] = user.pk
