"""What one object of the student's has said of itself: each thing is asked for once.

Two answers about one object could else contradict each other, and a test that relies
on both would be deceived: a length of three, and no item for a loop to look at.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

import numpy as np
import torch

from runner.grader import refusals
from runner.values.codec import CodecError

Ask = Callable[[], Any]
Origin = tuple[object, ...]
_SIZED: Final = frozenset((list, tuple, str, bytes, np.ndarray, torch.Tensor))
_COLLECTIONS: Final = (list, tuple, dict, set, frozenset, deque)
_PLAIN_KEYS: Final = (int, str, bool, float, bytes, type(None))


class NotDataError(TypeError):
    """A test needs a value, and the student's code gave an object of its own.

    A check that met one cannot pass, since a test that expects a TypeError of the
    student's code would else take this one for it.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        refusals.note(self)


@dataclass(frozen=True)
class _Answer:
    """A value, or the exception that stands in its place."""

    value: object = None
    error: Exception | None = None

    def give(self) -> Any:
        """Return the value, or raise the exception."""
        if self.error is not None:
            raise self.error
        return self.value


class Observations:
    """The answers that are known of one object.

    They hold until the test itself may have changed the object: it has called one of
    its methods, assigned to it, passed it to a call, or read it anew from the same
    place after a call. Attributes hold until the test next calls any of the student's
    code. Raises NotDataError where a new answer contradicts an older one.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        # What the grader knows by itself: the staff's notebook has a class in the
        # object's place; a test has made the object by calling such a class.
        self.is_constructor = False
        self.is_instance = False
        # The test has it from where it was made, and from no answer since.
        self.is_fresh = True
        # No operator has made it that was given a value, or that compares.
        self.is_counted = True
        self._origin: Origin | None = None
        self._obtained = 0
        # Its keys need be no indices: it is a mapping, or a test has assigned to some.
        self._is_keyed = False
        self._facts: dict[Origin, bool] = {}
        self._attributes: dict[str, tuple[int, _Answer]] = {}
        # The object that this one was read from, if it was read as an attribute.
        self.owner: Observations | None = None
        self.forget()

    def forget(self) -> None:
        """Take later answers for those of a changed object, here and at its owner."""
        self._length: int | None = None
        self._whole: list[object] | None = None
        self._pairs: dict[object, object] | None = None
        self._may_be_mapping = True
        self._is_iterator = False
        self._has_ended = False
        self._items: dict[object, tuple[object, _Answer]] = {}
        self._texts: dict[str, str] = {}
        self._plain: list[object] = []
        self._attributes.clear()

    def forget_attributes(self) -> None:
        """Read the attributes of the object and of its owners anew: its code has run."""
        seen: Observations | None = self
        while seen is not None:
            seen._attributes.clear()  # noqa: SLF001 - another of this class
            seen = seen.owner

    def forget_with_owners(self) -> None:
        """Forget what is known of the object and of those that it was read from."""
        seen: Observations | None = self
        while seen is not None:
            seen.forget()
            seen = seen.owner

    def obtain(
        self, origin: Origin, epoch: int, owner: "Observations | None" = None
    ) -> None:
        """Note that a test got the object from this place, `epoch` calls into it."""
        if origin[0] == "name":
            self.is_instance = False  # the notebook's own, whatever a class gave back
        if self._origin is None:
            self._origin, self._obtained = origin, epoch
            self.owner = owner if owner is not self else None
        elif origin == self._origin and epoch > self._obtained:
            self._obtained = epoch
            self.forget()

    # --- Answers ------------------------------------------------------------------

    def attribute(self, name: str, epoch: int, ask: Ask) -> Any:
        """Return the attribute's value, as it is since the test's last call."""
        known = self._attributes.get(name)
        if known is None or known[0] != epoch:
            known = epoch, _answer(ask)
            self._attributes[name] = known
        return known[1].give()

    def fact(self, key: Origin, ask: Callable[[], bool]) -> bool:
        """Return whether something holds that never changes: of what class it is."""
        if key not in self._facts:
            self._facts[key] = ask()
        return self._facts[key]

    def text(self, kind: str, ask: Ask) -> str:
        """Return the object's text of this kind."""
        if kind not in self._texts:
            words = ask()
            if type(words) is not str:
                raise NotDataError(f"{self._label} gave no text")
            self._texts[kind] = words
        return self._texts[kind]

    def length(self, ask: Ask) -> int:
        """Return how many items the object has."""
        if self._length is None:
            length = ask()
            if type(length) is not int or length < 0:
                raise NotDataError(f"{self._label} has a length that is no number")
            self._agree_on(length)
            self._length = length
        return self._length

    def items(self, ask: Ask) -> list[object] | None:
        """Return all items, taken at once, or None if it is an iterator.

        `ask` returns None for an iterator, else the list of items, the length that the
        object gives for itself or None, and whether it is a mapping.
        """
        if self._whole is None and not self._is_iterator:
            found = ask()
            if found is None:
                self._become_iterator()
            else:
                self._take_whole(found)
        return self._whole

    def mapping(self, ask: Ask) -> dict[object, object] | None:
        """Return all keys and values, taken at once, or None if it is no mapping.

        `ask` returns None for what is none, else a list of pairs and the length that
        the object gives for itself or None.
        """
        if self._pairs is None and self._may_be_mapping:
            found = ask()
            self._may_be_mapping = found is not None
            if found is not None:
                self._pairs = self._taken_pairs(found)
        return self._pairs

    def item(self, key: object, ask: Ask) -> Any:
        """Return the item under the key."""
        known = _known_key(key)
        if known is None:
            return ask()
        if self._pairs is not None and key in self._pairs:
            return self._pairs[key]
        if known not in self._items:
            answer = _answer(ask)
            if self._length is not None:
                self._agree_at(key, answer, self._length)
            self._items[known] = key, answer
        return self._items[known][1].give()

    def plain(self, ask: Ask) -> Any:
        """Return the collection that the object is without its class."""
        if not self._plain:
            found = ask()
            if not isinstance(found, _COLLECTIONS):
                raise NotDataError(f"{self._label} is no collection")
            self._is_keyed = self._is_keyed or isinstance(found, dict)
            self._count(len(found), None)
            self._plain.append(found)
        return self._plain[0]

    def expect_length(self, length: int) -> None:
        """Note that the object has so many items: it is a slice of a known object."""
        self._agree_on(length)
        self._length = length

    def sliced_length(self, key: object) -> int | None:
        """Return how many items a slice of the object has, if that can be told."""
        count = self._length if self._whole is None else len(self._whole)
        if count is None or self._is_keyed or not _is_index_slice(key):
            return None
        return len(range(count)[key])

    def note_assignment(self) -> None:
        """Note that the test assigns items by keys, which need be no indices."""
        self._is_keyed = True

    def next_item(self, ask: Ask) -> Any:
        """Return an iterator's next item, or raise StopIteration, then always."""
        self._become_iterator()
        if not self._has_ended:
            found = ask()
            if type(found) is not list or len(found) > 1:
                raise NotDataError(f"{self._label} gave no item")
            if found:
                return found[0]
            self._has_ended = True
        raise StopIteration

    # --- Agreement ------------------------------------------------------------------

    def _become_iterator(self) -> None:
        if self._length is not None or self._whole is not None:
            raise NotDataError(f"{self._label} has a length, and is an iterator too")
        self._is_iterator = True

    def _take_whole(self, found: object) -> None:
        match found:
            case [list() as items, (None | int()) as length, bool() as is_mapping]:
                self._is_keyed = self._is_keyed or is_mapping
            case _:
                raise CodecError("not the items of an object")
        self._count(len(items), length)
        self._whole = items

    def _taken_pairs(self, found: object) -> dict[object, object]:
        match found:
            case [list() as pairs, (None | int()) as length]:
                self._is_keyed = True
            case _:
                raise CodecError("not a mapping")
        try:
            taken = {key: value for key, value in pairs}  # noqa: C416 - each must be two
        except (TypeError, ValueError) as error:
            raise CodecError("not a mapping") from error
        self._count(len(taken), length)
        if self._whole is None:
            self._whole = list(taken)
        for key, known in self._items.values():
            if isinstance(key, slice):
                continue
            if known.error is None and key in taken:
                taken[key] = known.value
            elif (known.error is None) != (key in taken):
                raise NotDataError(f"{self._label} has two answers about {key!r}")
        return taken

    def _count(self, items: int, length: int | None) -> None:
        """Hold the number of items that came against all that was said before."""
        if length is not None and length != items:
            raise NotDataError(
                f"{self._label} has a length of {length}, and gives {items} items"
            )
        if self._length is not None and self._length != items:
            raise NotDataError(
                f"{self._label} had a length of {self._length}, and gives {items} items"
            )
        self._agree_on(items)
        self._length = self._length if length is None else length

    def _agree_on(self, count: int) -> None:
        """Hold a number of items against the items that are known."""
        if self._is_iterator:
            raise NotDataError(f"{self._label} is an iterator, and has a length too")
        if self._whole is not None and len(self._whole) != count:
            raise NotDataError(
                f"{self._label} gave {len(self._whole)} items, and has a length of "
                f"{count}"
            )
        for key, known in self._items.values():
            self._agree_at(key, known, count)

    def _agree_at(self, key: object, answer: _Answer, count: int) -> None:
        """Hold what an object has at an index against how many items it has."""
        if self._is_keyed:
            return
        value: Any = answer.value
        if _is_index_slice(key) and type(value) in _SIZED:
            given, due = len(value), len(range(count)[key])
            if given != due:
                raise NotDataError(
                    f"{self._label} has {count} items, and {given} for {due} of them"
                )
        if type(key) is not int:
            return
        is_inside = -count <= key < count
        if answer.error is None and not is_inside:
            raise NotDataError(f"{self._label} has {count} items, and one at {key}")
        if isinstance(answer.error, IndexError) and is_inside:
            raise NotDataError(f"{self._label} has {count} items, and none at {key}")


def _is_index_slice(key: object) -> TypeGuard[slice]:
    """Say whether the key is a slice by indices."""
    if not isinstance(key, slice) or key.step == 0:
        return False
    return all(part is None or type(part) is int for part in _parts(key))


def _parts(key: slice) -> tuple[object, object, object]:
    return key.start, key.stop, key.step


def _known_key(key: object) -> tuple[object, ...] | None:
    """Return under what an answer about the key is kept; None if it is not kept."""
    parts: tuple[object, ...] = (key,)
    if isinstance(key, slice):
        parts = _parts(key)
    elif isinstance(key, tuple):
        parts = key
    if not all(isinstance(part, _PLAIN_KEYS) for part in parts):
        return None
    return type(key), tuple(map(type, parts)), parts


def _answer(ask: Ask) -> _Answer:
    """Return what is answered. An error that ends the conversation is raised."""
    try:
        return _Answer(ask())
    except (AttributeError, LookupError) as error:
        return _Answer(error=error)
