"""Authentication by an API token."""

import re
from typing import Final

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.second_factor import lacks_second_factor
from accounts.services import digest_of, note_token_use

SECRET: Final = re.compile(r"^sm_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$")


class ApiTokenAuthentication(BaseAuthentication):
    """Reads `Authorization: Bearer sm_…`; a token is accepted nowhere else.

    SECURITY: the row is found by the secret's SHA-256. The time of that look-up could
    tell something only about the digest, and nobody can steer a digest towards a stored
    one, so the comparison needs no constant time of its own. Every refusal has the same
    words, so that a revoked token looks like one that never existed.
    """

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the token's owner and the token, or None without a Bearer header.

        Raises AuthenticationFailed for a token that is not usable, and PermissionDenied
        for a token of staff who have no second factor.
        """
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != self.keyword.lower().encode():
            return None
        secret = words[1].decode("latin-1") if len(words) == 2 else ""  # noqa: PLR2004
        token = _usable_token(secret)
        if token is None:
            raise AuthenticationFailed(
                "The token is unknown, has expired or was revoked.", code="bad_token"
            )
        if lacks_second_factor(token.user):
            raise PermissionDenied(
                "Staff need a second step to sign in, also if they use a token. Set "
                "it up in the browser, under Account, Two-step sign-in. After that, "
                "this token works again.",
                code="second_factor_missing",
            )
        note_token_use(token=token, now=timezone.now())
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return the WWW-Authenticate header of a 401 response."""
        return f'{self.keyword} realm="Softmark API"'


def owner_of_token(secret: str) -> User | None:
    """Return the owner of a token that may be used, or None. Nothing is recorded."""
    token = _usable_token(secret)
    return None if token is None else token.user


def _usable_token(secret: str) -> ApiToken | None:
    if not SECRET.fullmatch(secret):
        return None
    return (
        ApiToken.objects.usable()
        .select_related("user")
        .filter(digest=digest_of(secret))
        .first()
    )
