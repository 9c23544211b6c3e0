"""Passwords are stored by Argon2id, at a cost that many sign-ins at once can bear."""

from accounts.hashers import ModestArgon2PasswordHasher
from portal import settings


def test_argon2id_is_the_hasher_in_use() -> None:
    assert settings.PASSWORD_HASHERS[0] == "accounts.hashers.ModestArgon2PasswordHasher"


def test_right_password_matches_and_another_does_not() -> None:
    hasher = ModestArgon2PasswordHasher()
    stored = hasher.encode("a long phrase", hasher.salt())
    assert stored.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.verify("a long phrase", stored)
    assert not hasher.verify("another phrase", stored)
