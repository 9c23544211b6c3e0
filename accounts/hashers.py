"""How passwords are stored."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class ModestArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes, the least that OWASP's cheat sheet accepts.

    Django's own 100 MiB for each check would be a gigabyte for ten people who sign in
    at once, or for ten guesses. The web process otherwise needs a tenth of that.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
