"""Services that create, use and revoke API tokens."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection
from typing import Final

import structlog
from django.utils import timezone

from accounts.actors import Actor, actor_user
from accounts.models import ApiToken, User

log = structlog.get_logger(__name__)

# The use of a token is recorded again only this long after the last record.
NOTE_USE_EVERY: Final = dt.timedelta(minutes=1)


class NotYourTokenError(Exception):
    """Somebody tried to revoke a token that is neither theirs nor theirs to manage."""


def digest_of(secret: str) -> str:
    """Return what is stored of a secret: its SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_token(
    *,
    actor: User,
    name: str,
    scopes: Collection[ApiToken.Scope],
    expires_at: dt.datetime | None = None,
) -> tuple[ApiToken, str]:
    """Store a token of the actor's and return it with its secret.

    The secret is `sm_<prefix>_<256 random bits>`; it exists only in the returned value.
    A token is always the actor's own: nobody creates one for another person. Raises
    ValueError if there are no scopes.
    """
    if not scopes:
        raise ValueError("A token without a scope can do nothing. Choose at least one.")
    prefix = f"sm_{secrets.token_hex(4)}"
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=actor,
        name=name,
        prefix=prefix,
        digest=digest_of(secret),
        scopes=[scope.value for scope in ApiToken.Scope if scope in scopes],
        expires_at=expires_at,
    )
    return token, secret


def revoke_token(*, actor: Actor, token: ApiToken) -> bool:
    """Revoke the token, from the next request on; False if it was revoked already.

    Its owner, site staff and the portal itself may do this; others get
    NotYourTokenError. The log says who did.
    """
    user = actor_user(actor)
    if user is not None and user.pk != token.user_id and not user.is_superuser:
        raise NotYourTokenError
    if token.revoked_at is not None:
        return False
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    log.info(
        "token_revoked",
        token=token.prefix,
        owner=token.user_id,
        by=user.pk if user else str(actor),
    )
    return True


def note_token_use(*, token: ApiToken, now: dt.datetime) -> bool:
    """Record that the token was used, unless that was recorded within the last minute.

    Return whether it was recorded.
    """
    if token.last_used_at is not None and now - token.last_used_at < NOTE_USE_EVERY:
        return False
    token.last_used_at = now
    token.save(update_fields=["last_used_at"])
    return True
