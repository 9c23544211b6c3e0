"""What one object of the student's has said of itself: each thing is asked for once.

Two answers about one object could else contradict each other, and a test that relies
on both would be deceived: a length of three, and no item for a loop to look at.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from runner.inside.grader.answers import Answer, Ask, NotDataError, answer_of
from runner.inside.grader.object_items import Contents

__all__ = ["NotDataError", "Observations"]

Origin = tuple[object, ...]
_COLLECTIONS: Final = (list, tuple, dict, set, frozenset, deque)


class Observations:
    """The answers that are known of one object.

    They hold until the test itself may have changed the object: it has called one of
    its methods, assigned to it, passed it to a call, or read it anew from the same
    place after a call. If the test has made it, they hold until the test calls anything
    of the student's, and those of its attributes until it may have changed. Attributes hold until the test next calls any of the student's
    code. Raises NotDataError where a new answer contradicts an older one. `contents`
    are the object's items.
    """

    def __init__(self, label: str, epoch: Callable[[], int] = lambda: 0) -> None:
        self._label = label
        self._epoch = epoch
        # What the grader knows by itself: the staff's notebook has a class in the
        # object's place; a test has made the object by calling such a class.
        self.is_constructor = False
        self.is_instance = False
        # An operator between such objects has made it: it may stand for a number.
        self.is_derived = False
        # The test has it from where it was made, and from no answer since.
        self.is_fresh = True
        # A name stands for it that the staff's notebook defines as a function.
        self.is_function = False
        # Something else than such a name has given it to the test.
        self.was_answered = False
        # It is an operator of an object that is told no operands.
        self.is_withheld = False
        # No operator has made it that was given a value, or that compares.
        self.is_counted = True
        # Its class compares its objects: it has a hash of its own, or none.
        self.has_equality = False
        self._origin: Origin | None = None
        self._obtained = 0
        # Ways to take all that it holds at once that have failed, with what was said.
        self.failed: dict[tuple[str, bool], bool | None] = {}
        self._facts: dict[Origin, bool] = {}
        self._attributes: dict[str, tuple[int, Answer]] = {}
        # The object that this one was read from, if it was read as an attribute.
        self.owner: Observations | None = None
        self._contents = Contents(label, lambda: self.is_made)
        # How many times it was forgotten.
        self.times = 0
        self.forget()

    @property
    def is_made(self) -> bool:
        """Whether the test has made the object, and has it from there."""
        return self.is_instance and self.is_fresh and not self.is_derived

    @property
    def is_named_function(self) -> bool:
        """Whether it came from a name alone that the staff's notebook calls a function."""
        return self.is_function and not self.was_answered

    @property
    def contents(self) -> Contents:
        """The object's items, as they are since the test may have changed it."""
        self._follow()
        return self._contents

    def _follow(self) -> None:
        """Ask anew about an object that a call for another may have changed.

        `agent.step()` may change the buffer that the test has made, or read from it.
        """
        if self._since != self._moment():
            self.forget()

    def _moment(self) -> tuple[int, int]:
        """Return since when answers hold: the last call at all, or the owner's last."""
        owner = self.owner if self.owner and self.owner.is_made else None
        return self._epoch() if self.is_made else 0, owner.times if owner else 0

    def forget(self) -> None:
        """Take later answers for those of a changed object, here and at its owner."""
        is_keyed = self._contents.is_keyed
        self._contents = Contents(self._label, lambda: self.is_made, is_keyed=is_keyed)
        self.times += 1
        self._since = self._moment()
        self._texts: dict[str, str] = {}
        self._plain: list[object] = []
        self._attributes.clear()

    def forget_attributes(self) -> None:
        """Read the attributes of the object and of its owners anew: its code has run."""
        for seen in self._with_owners():
            seen._attributes.clear()  # noqa: SLF001 - another of this class

    def forget_with_owners(self) -> None:
        """Forget what is known of the object and of those that it was read from."""
        for seen in self._with_owners():
            seen.forget()

    def _with_owners(self) -> "Iterator[Observations]":
        """Yield this and its owners, each once: objects may own each other in turn."""
        found: list[Observations] = []
        seen: Observations | None = self
        while seen is not None and not any(seen is one for one in found):
            found.append(seen)
            yield seen
            seen = seen.owner

    def obtain(
        self, origin: Origin, epoch: int, owner: "Observations | None" = None
    ) -> None:
        """Note that a test got the object from this place, `epoch` calls into it."""
        if origin[0] == "name":
            self.is_instance = False  # the notebook's own, whatever a class gave back
        if self.owner is None and owner is not self:
            self.owner = owner
            self._since = self._moment()
        if self._origin is None:
            self._origin, self._obtained = origin, epoch
        elif origin == self._origin and epoch > self._obtained:
            self._obtained = epoch
            self.forget()

    # --- Answers ------------------------------------------------------------------

    def attribute(self, name: str, epoch: int, ask: Ask) -> Any:
        """Return the attribute's value, as it is since the test's last call."""
        known = self._attributes.get(name)
        if known is None or known[0] != epoch:
            known = epoch, answer_of(ask)
            self._attributes[name] = known
        return known[1].give()

    def learn(self, name: str, epoch: int, value: object) -> None:
        """Take this for the attribute's value, unless one is known since the last call."""
        self.attribute(name, epoch, lambda: value)

    def fact(self, key: Origin, ask: Callable[[], bool]) -> bool:
        """Return whether something holds that never changes: of what class it is."""
        if key not in self._facts:
            self._facts[key] = ask()
        return self._facts[key]

    def text(self, kind: str, ask: Ask) -> str:
        """Return the object's text of this kind."""
        self._follow()
        if kind not in self._texts:
            words = ask()
            if type(words) is not str:
                raise NotDataError(f"{self._label} gave no text")
            self._texts[kind] = words
        return self._texts[kind]

    def plain(self, ask: Ask) -> Any:
        """Return the collection that the object is without its class."""
        self._follow()
        if not self._plain:
            found = ask()
            if not isinstance(found, _COLLECTIONS):
                raise NotDataError(f"{self._label} is no collection")
            self.contents.hold_plain(found)
            self._plain.append(found)
        return self._plain[0]
