"""Who performs an action: a person, or the portal itself."""

from typing import Final

from accounts.models import User


class System:
    """The portal acting by itself: the sweeper, a worker, an import at start-up."""

    name: Final = "Softmark"

    def __repr__(self) -> str:
        return "SYSTEM"


SYSTEM: Final = System()
Actor = User | System


def actor_user(actor: Actor) -> User | None:
    """Return the person to record, or None where the portal acted by itself."""
    return actor if isinstance(actor, User) else None
