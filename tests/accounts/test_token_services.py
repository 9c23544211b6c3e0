"""Making and revoking tokens."""

import hashlib
import re

import pytest
import time_machine
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import ApiToken, User
from accounts.services import (
    NotYourTokenError,
    create_token,
    note_token_use,
    revoke_token,
)
from tests.factories import UserFactory, hours

pytestmark = pytest.mark.django_db
READ, SUBMIT = ApiToken.Scope.READ, ApiToken.Scope.SUBMIT


@pytest.fixture
def user() -> User:
    return UserFactory.create()


def test_secret_names_its_prefix_and_carries_256_random_bits(user: User) -> None:
    token, secret = create_token(actor=user, name="laptop", scopes=[READ])
    assert re.fullmatch(r"sm_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", secret)
    assert secret.startswith(f"{token.prefix}_")


def test_only_the_digest_is_stored(user: User) -> None:
    token, secret = create_token(actor=user, name="laptop", scopes=[READ])
    token.refresh_from_db()
    assert token.digest == hashlib.sha256(secret.encode()).hexdigest()
    random_part = secret.removeprefix(f"{token.prefix}_")
    row = ApiToken.objects.values().get()
    assert not any(random_part in str(value) for value in row.values())


def test_two_tokens_differ(user: User) -> None:
    secrets = {create_token(actor=user, name="x", scopes=[READ])[1] for _ in range(9)}
    assert len(secrets) == 9


def test_scopes_are_kept_in_a_fixed_order(user: User) -> None:
    token, _ = create_token(actor=user, name="x", scopes={SUBMIT, READ})
    assert token.scopes == ["read", "submit"]


def test_token_without_scope_is_refused(user: User) -> None:
    with pytest.raises(ValueError, match="scope"):
        create_token(actor=user, name="x", scopes=[])


def test_owner_revokes(user: User) -> None:
    token, _ = create_token(actor=user, name="x", scopes=[READ])
    revoke_token(actor=user, token=token)
    assert not ApiToken.objects.usable().exists()


def test_revoking_again_keeps_the_first_time(user: User) -> None:
    token, _ = create_token(actor=user, name="x", scopes=[READ])
    revoke_token(actor=user, token=token)
    first = token.revoked_at
    revoke_token(actor=SYSTEM, token=token)
    token.refresh_from_db()
    assert token.revoked_at == first


def test_somebody_else_does_not_revoke(user: User) -> None:
    token, _ = create_token(actor=user, name="x", scopes=[READ])
    with pytest.raises(NotYourTokenError):
        revoke_token(actor=UserFactory.create(), token=token)
    assert ApiToken.objects.usable().exists()


def test_site_staff_revoke(user: User) -> None:
    token, _ = create_token(actor=user, name="x", scopes=[READ])
    revoke_token(actor=UserFactory.create(site_staff=True), token=token)
    assert not ApiToken.objects.usable().exists()


def test_expired_token_is_not_usable(user: User) -> None:
    create_token(actor=user, name="x", scopes=[READ], expires_at=hours(-1))
    assert not ApiToken.objects.usable().exists()


def test_inactive_persons_token_is_not_usable(user: User) -> None:
    create_token(actor=user, name="x", scopes=[READ], expires_at=hours(1))
    user.is_active = False
    user.save()
    assert not ApiToken.objects.usable().exists()


def test_use_is_recorded_at_most_once_a_minute(user: User) -> None:
    token, _ = create_token(actor=user, name="x", scopes=[READ])
    with time_machine.travel("2027-01-04 10:00:00+00:00", tick=False) as clock:
        noted = []
        for _ in range(4):
            noted.append(note_token_use(token=token, now=timezone.now()))
            clock.shift(30)
    assert noted == [True, False, True, False]
