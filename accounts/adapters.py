"""How allauth behaves here."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Staff enrol people; signing up by oneself is off unless a setting opens it."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": (
            "That address and password do not belong together. Check both, or "
            "follow “Forgot your password?”."
        ),
        "too_many_login_attempts": (
            "Too many tries. Wait five minutes, or follow “Forgot your password?”."
        ),
        "enter_current_password": "That is not your current password. Type it again.",
        "incorrect_password": "That is not your password. Type it again.",
        "incorrect_code": "That code is not right. Wait for the next one and type it.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.ACCOUNT_SIGNUP_OPEN)
