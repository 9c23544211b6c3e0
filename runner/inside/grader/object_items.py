"""The items of an object of the student's, as far as the snapshot has sent them.

Each fact is asked for once. All answers must agree, by a length, index, slice or loop.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from runner.inside.grader import slices
from runner.inside.grader.answers import (
    SIZED,
    Answer,
    Ask,
    NotDataError,
    answer_of,
    are_alike,
    are_keys,
    is_index_slice,
    kind_of,
    known_key,
    with_slice,
)
from runner.inside.grader.last_items import LastItem
from runner.inside.values.codec import CodecError

_MOST_PARTS: Final = 2  # the item, and whether it is the previous one again


@dataclass(frozen=True)
class _Item:
    """The answer for one key. If `is_bound`, it must agree with the other items."""

    key: object
    answer: Answer
    is_bound: bool


class Contents:
    """The items of one object, until the test may have changed it.

    `is_free` says whether its indices may be anything: the test has made the object by
    calling a class of the notebook's, so the exercise may be how it is indexed (a ring,
    a list from one). It still has as many items as its length says. Raises NotDataError
    if a new answer contradicts an older one.
    """

    def __init__(
        self, label: str, is_free: Callable[[], bool], *, is_keyed: bool = False
    ) -> None:
        self._label = label
        self._is_free = is_free
        # Its keys may be other than indices: a mapping, or a test has assigned to one.
        self.is_keyed = is_keyed
        self._length: int | None = None
        self._whole: list[object] | None = None
        self._was_gone_through = False
        self._was_indexed = False
        self._backwards: list[object] | None = None
        self._pairs: dict[object, object] | None = None
        self._may_be_mapping = True
        self._is_iterator = False
        self._last = LastItem()
        self._items: dict[object, _Item] = {}
        self._plain: Any = None  # its value, if it is a list or the like
        # The items of the object of which this one is a slice, as far as they are known.
        self._due: list[object] | None = None
        # Objects that are slices of this one.
        self._slices: list[tuple[slice, Contents]] = []

    # --- Answers ------------------------------------------------------------------

    def length(self, ask: Ask) -> int:
        """Return how many items the object has. One that the test has made may change."""
        if self._length is None or self._is_free():
            length = ask()
            if type(length) is not int or length < 0:
                raise NotDataError(f"{self._label} has an invalid length")
            self._agree_on(length)
            self._length = length
        return self._length

    def items(self, ask: Ask, count: Ask) -> list[object] | None:
        """Return all items, asked for at once, or None if it is an iterator.

        `ask` returns None for an iterator, else the list of items, the length that the
        object gives for itself or None, and whether it is a mapping. If the object is
        iterated again, the items are the first ones, and `count` returns how many it
        then gives, or None for an iterator. One that the test has made is asked again.
        """
        if self._is_iterator:
            return None
        if self._is_free() and self._plain is None:
            self._whole = None
        if self._was_gone_through and self._whole is not None:
            self._check_count(count(), self._whole)
            return self._whole
        found = ask()
        if found is None:
            self._become_iterator()
            return None
        match found:
            case [list() as items, (None | int()) as length, bool() as is_mapping]:
                self.is_keyed |= is_mapping
            case _:
                raise CodecError("the student's process sent invalid items")
        self._was_gone_through = True
        return self._keep_first(items, length)

    def by_index(self, ask: Ask) -> list[object] | None:
        """Return all items by their indices, asked for at once, or None if there are none.

        `ask` returns None for too many items and False for an error, else the list of
        items and the length or None. Otherwise return those of an earlier iteration.
        """
        if self._is_iterator:
            return None
        if not self._was_indexed or self._whole is None:
            found = ask()
            if found is None or found is False:
                # The items of an earlier iteration, if there was one.
                return None if self.is_keyed else self._whole
            match found:
                case [list() as items, (None | int()) as length]:
                    self._keep_first(items, length)
                case _:
                    raise CodecError("the student's process sent invalid items")
            self._was_indexed = True
        return self._whole

    def backwards(self, ask: Ask, forwards: Callable[[], object]) -> list[object]:
        """Return all items in the order of the object's own `reversed`.

        `ask` returns the list of them, and the length or None; `forwards` asks for the
        items in their usual order. An object that the test has not made gives the same
        items backwards.
        """
        if self._backwards is None or self._is_free():
            if not self._is_free():
                forwards()
                if self._whole is None:
                    raise NotDataError(f"{self._label} can be read forwards only")
            match ask():
                case [list() as items, (None | int()) as length]:
                    self._count(len(items), length)
                case _:
                    raise CodecError("the student's process sent invalid items")
            is_own = self._is_free() or self._whole is None
            self._backwards = items if is_own else (self._whole or [])[::-1]
        return self._backwards

    def mapping(self, ask: Ask) -> dict[object, object] | None:
        """Return all keys and values, asked for at once, or None if that is impossible.

        `ask` returns None for no mapping and False for one that cannot be sent, else a
        list of pairs and the length that the object gives for itself or None.
        """
        if self._pairs is None and self._may_be_mapping:
            found = ask()
            self._may_be_mapping = found is not None
            if found is not None and found is not False:
                self._pairs = self._taken_pairs(found)
        return self._pairs

    def item(self, key: object, ask: Ask) -> Any:
        """Return the item under the key."""
        known = known_key(key)
        if known is None:
            return ask()
        if (
            self._pairs is not None
            and not isinstance(key, slice)
            and key in self._pairs
        ):
            return self._pairs[key]
        if known not in self._items:
            self._items[known] = self._agreed(key, answer_of(ask))
        return self._items[known].answer.give()

    def _agreed(self, key: object, answer: Answer) -> _Item:
        """Return the item under a key. It must agree with all that is known."""
        item = _Item(key, answer, is_bound=not self._is_free())
        if item.is_bound and not self.is_keyed:
            slices.refuse_odd(self._label, key, answer)
        if self.count is not None:
            self._agree_at(item, self.count)
        if self._pairs is not None and not isinstance(key, slice):
            self._agree_about_key(item, self._pairs)
        if item.is_bound and self._whole is not None and not self.is_keyed:
            answer = slices.as_known(self._label, key, answer, self._whole)
        elif type(key) is int and answer.error is None:
            (value,) = slices.as_due(self._label, [answer.value], self._due, key)
            answer = Answer(value)
        return _Item(key, answer, is_bound=item.is_bound)

    def note_slice(self, key: object, part: "Contents") -> None:
        """Note that another object is a slice of this one, and has the same items."""
        if self._is_free() or self.is_keyed or not is_index_slice(key):
            return
        if self._whole is not None:
            part.set_due(self._whole[key])
        elif self._length is not None:
            part.set_length(len(range(self._length)[key]))
        self._slices.append((key, part))

    def set_due(self, items: list[object]) -> None:
        """Set the items with which its own must agree when they come.

        Raises NotDataError if other items are known.
        """
        self._agree_on(len(items))
        if self._whole is None:
            self._due, self._length = items, len(items)
        elif any(
            one is not other for one, other in zip(self._whole, items, strict=True)
        ):
            raise NotDataError(f"{self._label} contradicts itself about its items")

    def set_length(self, length: int) -> None:
        """Set the number of items."""
        self._agree_on(length)
        self._length = length

    def next_item(self, ask: Ask, steps: Callable[[], int] = lambda: -1) -> Any:
        """Return an iterator's next item. Raises StopIteration where it has none.

        It is asked again after its end: a wrong one begins again.
        """
        self._become_iterator()
        was, found = steps(), ask()
        if type(found) is not list or len(found) > _MOST_PARTS:
            raise NotDataError(f"{self._label} gave an invalid item")
        if found:
            return self._last.give(*found, steps=steps(), was=was)
        raise StopIteration

    def check_plain(self, found: Any) -> None:
        """Compare the list (or the like) that the object is with what is known of it."""
        self.is_keyed, self._plain = self.is_keyed or isinstance(found, dict), found
        self._count(len(found), None)
        self._agree_with_plain()

    @property
    def count(self) -> int | None:
        """How many items the object has, or None if that is not known."""
        return self._length if self._whole is None else len(self._whole)

    # --- Agreement ------------------------------------------------------------------

    def _become_iterator(self) -> None:
        if self._length is not None or self._whole is not None:
            raise NotDataError(f"{self._label} has a length, and is an iterator too")
        for item in self._items.values():
            if item.is_bound and type(item.key) is int and item.answer.error is None:
                raise NotDataError(f"{self._label} has items, and is an iterator too")
        self._is_iterator = True

    def _check_count(self, again: object, items: list[object]) -> None:
        if again is None:
            raise NotDataError(
                f"{self._label} is an iterator in a second loop, but not in the first"
            )
        if again != len(items):
            raise NotDataError(
                f"{self._label} gave {len(items)} items in one loop, and {again} in the "
                "next"
            )

    def _keep_first(self, items: list[object], length: int | None) -> list[object]:
        """Return the items that count from now on: those that came first."""
        self._count(len(items), length)
        if self._whole is None:
            self._whole = self._with_earlier(
                slices.as_due(self._label, items, self._due)
            )
            for key, part in self._slices:
                part.set_due(self._whole[key])
        elif not self._is_free() and list(map(kind_of, items)) != [
            kind_of(one) for one in self._whole
        ]:
            raise NotDataError(
                f"{self._label} gives other items by index than in a loop"
            )
        self._agree_with_plain()
        return self._whole

    def _agree_with_plain(self) -> None:
        """Compare the items with the list (or the like) that the object is."""
        if self._plain is None or self._whole is None:
            return
        if not are_alike(self._plain, self._whole):
            raise NotDataError(
                f"{self._label} gives other items in a loop than it holds"
            )

    def _with_earlier(self, items: list[object]) -> list[object]:
        """Return the items, in which those that came before keep their places."""
        if self.is_keyed or self._is_free():
            return items
        told = list(items)
        for item in self._items.values():
            value: Any = item.answer.value
            if not item.is_bound or item.answer.error is not None:
                continue
            if type(item.key) is int:
                told[item.key] = value
            elif is_index_slice(item.key) and type(value) in SIZED:
                told = with_slice(told, item.key, value)
        for key, part in self._slices:
            if part._whole is not None:  # noqa: SLF001 - another of this class
                self._check_count(len(part._whole), told[key])  # noqa: SLF001 - same
                told = with_slice(told, key, part._whole)  # noqa: SLF001 - same
        return told

    def _taken_pairs(self, found: object) -> dict[object, object]:
        match found:
            case [list() as pairs, (None | int()) as length]:
                self.is_keyed = True
            case _:
                raise CodecError("the student's process sent an invalid mapping")
        try:
            taken = {key: value for key, value in pairs}  # noqa: C416 - each must be two
        except (TypeError, ValueError) as error:
            raise CodecError("the student's process sent an invalid mapping") from error
        self._count(len(taken), length)
        if self._whole is None:
            self._whole = list(taken)
        elif not self._is_free() and not are_keys(self._whole, taken):
            raise NotDataError(
                f"{self._label} gives other keys in a loop than it holds"
            )
        for item in self._items.values():
            key, is_there = item.key, item.answer.error is None
            if isinstance(key, slice):
                continue
            if is_there and key in taken:
                taken[key] = item.answer.value
            self._agree_about_key(item, taken)
        return taken

    def _agree_about_key(self, item: _Item, pairs: dict[object, object]) -> None:
        """Compare the answer for a key with the keys of a mapping."""
        is_there = item.answer.error is None
        if item.is_bound and is_there != (item.key in pairs):
            raise NotDataError(f"{self._label} contradicts itself at {item.key!r}")

    def _count(self, items: int, length: int | None) -> None:
        """Compare the number of received items with all earlier lengths."""
        if length is not None and length != items:
            raise NotDataError(
                f"{self._label} has a length of {length}, but gives {items} items"
            )
        if self._length is not None and self._length != items:
            raise NotDataError(
                f"{self._label} had a length of {self._length}, but gives {items} items"
            )
        self._agree_on(items)
        self._length = self._length if length is None else length

    def _agree_on(self, count: int) -> None:
        """Compare a number of items with the known items."""
        if self._is_iterator:
            raise NotDataError(f"{self._label} is an iterator, and has a length too")
        if self._whole is not None and len(self._whole) != count:
            raise NotDataError(
                f"{self._label} gave {len(self._whole)} items, but has a length of "
                f"{count}"
            )
        for item in self._items.values():
            self._agree_at(item, count)

    def _agree_at(self, item: _Item, count: int) -> None:
        """Compare the answer for an index or a slice with the number of items."""
        if self.is_keyed or not item.is_bound:
            return
        key, answer = item.key, item.answer
        value: Any = answer.value
        if is_index_slice(key) and type(value) in SIZED:
            given, due = len(value), len(range(count)[key])
            if given != due:
                raise NotDataError(
                    f"{self._label} has {count} items, but gave {given} for a slice of {due}"
                )
        if type(key) is not int:
            return
        is_inside = -count <= key < count
        if answer.error is None and not is_inside:
            raise NotDataError(f"{self._label} has {count} items, but one at {key}")
        if isinstance(answer.error, IndexError) and is_inside:
            raise NotDataError(f"{self._label} has {count} items, but none at {key}")
