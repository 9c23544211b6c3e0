"""The adapters that set how allauth behaves in this portal."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Staff enrol people, so sign-up is closed unless ACCOUNT_SIGNUP_OPEN opens it."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": (
            "The address or the password is wrong. Check both, or follow “Forgot "
            "your password?”."
        ),
        "too_many_login_attempts": (
            "Too many tries. Wait five minutes, or follow “Forgot your password?”."
        ),
        "enter_current_password": "That is not your current password. Type it again.",
        "incorrect_password": "That is not your password. Type it again.",
        "incorrect_code": (
            "That code is not right. Wait for the next code in your app, and enter it."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.ACCOUNT_SIGNUP_OPEN)

    def send_mail(
        self, template_prefix: str, email: str, context: dict[str, Any]
    ) -> None:
        """Send the mail with the portal's own name, not one that the request gave."""
        named = {"current_site": {"domain": site_domain()}, **context}
        super().send_mail(template_prefix, email, named)

    def _get_login_attempts_cache_key(
        self, request: HttpRequest, **credentials: Any
    ) -> str:
        # SECURITY: allauth counts wrong passwords for each name of the portal. A
        # request may give any port in its Host header, and each port would have its own
        # tries.
        login = credentials.get("email") or credentials.get("username") or ""
        return f"{site_domain()}:{login.lower()}"


class SecondFactorAdapter(DefaultMFAAdapter):
    """The authenticator app shows the host of SITE_URL as the portal's name."""

    def _get_site_name(self) -> str:
        return site_domain()


def site_domain() -> str:
    """Return the host of SITE_URL, with its port if it names one."""
    return urlsplit(settings.SITE_URL).netloc
