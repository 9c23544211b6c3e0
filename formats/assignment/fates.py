"""What becomes of the objects that a piece of code uses."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final


class Fate(IntEnum):
    """What becomes of a value.

    It is looked at, given to an object that is called or back to who asked for it, kept
    or passed on, or changed. DERIVED is for one whose gradients are computed: that
    changes whatever it was computed from.
    """

    SEEN = 0
    GIVEN = 1
    TAKEN = 2
    CHANGED = 3
    DERIVED = 4


# What a function is called with: its name, and the number or name of the argument; None
# where that is not known. A method's name has a dot in front.
Slot = tuple[str, int | str | None]
Node = str | Slot
# A call in which objects meet, and the argument that a function may only look at.
Meeting = tuple[int, Slot | None]


@dataclass(frozen=True, slots=True)
class End:
    """What becomes of a value, and what may hold it, or be a part of it, then.

    With each of these owners stands what must become of it for the value to be changed.
    """

    fate: Fate = Fate.TAKEN
    owners: tuple[tuple[Node, Fate], ...] = ()
    is_part: bool = True
    meetings: tuple[Meeting, ...] = ()

    def through(self, least: Fate) -> "End":
        """Return the end of what the value is made of, which takes as much to change."""
        fate = self.fate if self.fate >= least else Fate.SEEN
        owners = tuple((owner, max(least, known)) for owner, known in self.owners)
        is_part = self.is_part and least <= Fate.TAKEN
        meetings = self.meetings if least <= Fate.TAKEN else ()
        return End(fate, owners, is_part=is_part, meetings=meetings)

    def held_by(self, owner: Node) -> "End":
        """Return the end of a value that this may hold, too, or give away a part of."""
        return replace(self, owners=(*self.owners, (owner, Fate.GIVEN)))

    def met_in(self, call: int) -> "End":
        """Return the end of a value that meets others in a call."""
        return replace(self, meetings=(*self.meetings, (call, None)))

    def given(self) -> "End":
        """Return the end of an argument of a call, which anything may be done with."""
        return replace(self, fate=max(self.fate, Fate.TAKEN), is_part=False)


SEEN: Final = End(Fate.SEEN)
TAKEN: Final = End(Fate.TAKEN)
GIVEN: Final = End(Fate.GIVEN)
