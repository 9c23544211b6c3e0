"""Types and functions for requests whose sender is known."""

from django.http import HttpRequest
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from accounts.models import User


class SignedInRequest(HttpRequest):
    """The request of a view behind `login_required`: its user is a person.

    For annotations only; no request is ever made as one.
    """

    user: User


def sender(request: Request) -> User:
    """Return who sent an API request. Raises NotAuthenticated for an unknown sender."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
