"""Whether a person has seen what their change would do, before it is stored."""

from typing import Protocol

from accounts.models import User
from grading.querysets.hidden_markings import markings_hidden_from


class Plan(Protocol):
    """What a change would do. `is_empty` if nobody has to look at it."""

    @property
    def digest(self) -> str: ...

    @property
    def is_empty(self) -> bool: ...


def is_unseen(user: User, plan: Plan, seen: str | None) -> bool:
    """Return whether the person must look at the plan before it is stored.

    `seen` is the digest of what they looked at. At most one query.

    SECURITY: second markers look at each plan, also at one that changes nothing. If
    they were asked only for some changes, that would tell what hidden markings give.
    """
    if seen == plan.digest:
        return False
    return not plan.is_empty or markings_hidden_from(user).exists()
