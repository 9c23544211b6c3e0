"""Requests whose sender is known."""

from django.http import HttpRequest

from accounts.models import User


class SignedInRequest(HttpRequest):
    """What a view gets behind `login_required`: its user is a person.

    For annotations only; no request is ever made as one.
    """

    user: User
