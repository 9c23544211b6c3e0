"""The fates of values: looked at, kept, changed. An analysis follows them."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final


class Fate(IntEnum):
    """The fate of a value, from the weakest to the strongest.

    SEEN: the value is only looked at. GIVEN: it is returned, or given to an object that
    is called. TAKEN: it is kept or passed on. CHANGED: it is changed. DERIVED: its
    gradients are computed, which changes whatever it was computed from.
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
class ValueFate:
    """The fate of a value, and its owners: what may hold the value or be a part of it.

    Each owner comes with the weakest fate of the owner that changes the value.
    """

    level: Fate = Fate.TAKEN
    owners: tuple[tuple[Node, Fate], ...] = ()
    is_part: bool = True
    meetings: tuple[Meeting, ...] = ()

    def of_part(self, least: Fate) -> "ValueFate":
        """Return the fate of a part of the value, which only a fate of `least` changes."""
        level = self.level if self.level >= least else Fate.SEEN
        owners = tuple((owner, max(least, known)) for owner, known in self.owners)
        is_part = self.is_part and least <= Fate.TAKEN
        meetings = self.meetings if least <= Fate.TAKEN else ()
        return ValueFate(level, owners, is_part=is_part, meetings=meetings)

    def held_by(self, owner: Node) -> "ValueFate":
        """Return the fate with one more owner, which may hold the value or give it away."""
        return replace(self, owners=(*self.owners, (owner, Fate.GIVEN)))

    def met_in(self, call: int) -> "ValueFate":
        """Return the fate of a value that meets other values in this call."""
        return replace(self, meetings=(*self.meetings, (call, None)))

    def as_argument(self) -> "ValueFate":
        """Return the fate of an argument of an unknown call, which may do anything with it."""
        return replace(self, level=max(self.level, Fate.TAKEN), is_part=False)


SEEN: Final = ValueFate(Fate.SEEN)
TAKEN: Final = ValueFate(Fate.TAKEN)
GIVEN: Final = ValueFate(Fate.GIVEN)
