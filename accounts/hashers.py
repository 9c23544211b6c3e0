"""How passwords are stored."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class ModestArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes, the least that OWASP's cheat sheet accepts.

    Django's own 100 MiB for each check would let ten people who sign in at once, or
    ten guesses, take a gigabyte from a web process that otherwise needs a tenth.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
