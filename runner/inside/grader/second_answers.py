"""The second answer to a question about an object, in a check that compares the two.

`list(loader) == list(loader)` would hold for every loader if the grader kept the first
items. So in a check that compares two readings of one object, the grader asks again.
The test gets the first answer all the same. If the second one differs, the comparison
is refused and the check cannot pass, so an object gains nothing by contradicting itself.
`runner.protocol.second_readings` says what such a comparison is, and `close_values` when
two answers differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from runner.inside.grader.answers import Ask, NotDataError, known_key
from runner.inside.grader.begun_loops import FirstItems, Source
from runner.inside.grader.close_values import AnyObject, are_close
from runner.inside.grader.received_values import comparing_by_identity
from runner.inside.values.codec import CodecError, Decoder, Encoder, Node
from runner.wire.link import MAX_BYTES, MAX_HEADER


class SecondAnswerError(NotDataError):
    """Raised when an object gives something else when it is read for the second time."""


@dataclass(frozen=True)
class _Copy:
    """A copy of an answer as it came, since the test may change what it has got.

    Objects in it count as alike: an object may make them anew each time.
    """

    node: Node
    buffers: tuple[bytes, ...]
    has_objects: bool

    def value(self) -> Any:
        """Return the answer, with an `AnyObject` for each object."""
        buffers = [memoryview(bytearray(one)) for one in self.buffers]
        with comparing_by_identity():
            decoder = Decoder(
                buffers, lambda _: AnyObject(), max_size=MAX_HEADER, max_bytes=MAX_BYTES
            )
            decoder.takes_missing = True
            return decoder.decode(self.node)

    def is_like(self, other: "_Copy") -> bool:
        """Return whether the other copy has the same content, or nearly so."""
        try:
            return self == other or are_close(self.value(), other.value())
        except CodecError:
            return False


def same_content(one: object, other: object) -> bool | None:
    """Return whether two answers have nearly the same content, None if one has objects.

    None also stands for values that are not compared.
    """
    copies = _copy_of(one), _copy_of(other)
    if copies[0] is None or copies[1] is None:
        return None
    is_like = copies[0].is_like(copies[1])
    return None if is_like and copies[0].has_objects else is_like


class SecondAnswers:
    """The first answers of one object, by what was asked."""

    def __init__(self, label: str, asks_again: Callable[[], bool]) -> None:
        self._label = label
        self._asks_again = asks_again
        self.forget()

    def forget(self) -> None:
        """Forget the answers, since the object may have changed."""
        self._first: dict[object, _Copy | None] = {}
        self._items: list[_Copy | None] = []
        self._has_items = False
        self._has_differed = False

    def check(self, what: str, key: object, found: object, ask: Ask) -> None:
        """Ask again if this was asked before, and note whether the answer differs.

        `found` is the answer that the test gets, and `ask` asks the object again.
        """
        known = known_key(key)
        if known is None or not self._asks_again():
            return
        place = what, known
        if place not in self._first:
            self._first[place] = _copy_of(found)
        elif self._first[place] is not None:
            self._compare(self._first[place], ask())

    def check_items(self, found: list[object], ask: Ask) -> None:
        """Do the same for all items. `ask` returns a list, or something else for none."""
        if not self._asks_again():
            return
        if not self._has_items:
            self._items, self._has_items = list(map(_copy_of, found)), True
            return
        again = ask()
        if not isinstance(again, list) or len(again) != len(self._items):
            self._has_differed = True
            return
        for first, item in zip(self._items, again, strict=True):
            self._compare(first, item)

    def kept_items(self) -> Callable[[list[Any]], None]:
        """Return what keeps the items of the first loop, as they are taken."""
        if not self._asks_again():
            return lambda _: None
        self._items, self._has_items = [], True
        items = self._items
        return lambda taken: items.extend(map(_copy_of, taken))

    def loop(self, source: Source) -> "SecondLoop | None":
        """Return a second loop, begun anew, if the check compares two readings."""
        if not self._asks_again():
            return None
        again = None
        match source.begin():
            case [loop, list() as items, end] if type(loop) is not list:
                again = FirstItems(self._label, source, _Any(), _ignore, _ignore)
                again.begin(loop, items, end)
        return SecondLoop(self, self._items, again)

    def note_item(self, items: list[_Copy | None], place: int, found: object) -> None:
        """Compare the item of a second loop with that of the first, one of `items`."""
        if items is not self._items:  # the object may have changed since then
            return
        if place >= len(items) or found is _END:
            self._has_differed |= place < len(items) or found is not _END
        else:
            self._compare(items[place], found)

    def _compare(self, first: _Copy | None, again: object) -> None:
        if first is None or self._has_differed:
            return
        other = _copy_of(again)
        self._has_differed = other is None or not first.is_like(other)

    def refuse(self) -> None:
        """Raise SecondAnswerError if a second answer has differed."""
        if not self._has_differed:
            return
        raise SecondAnswerError(
            f"{self._label} gave something else when it was read for the second time. "
            "The test keeps the first answer, since an object must not contradict "
            "itself. If it should give the same each time, the object is wrong. If not, "
            "compare what two calls give: `ds.__getitem__(0)` twice, or a function of "
            "the notebook that loops over the loader"
        )


_END: Final = object()


class SecondLoop:
    """A second loop over an object, in which each item is compared with the first one.

    `items` are the copies of what the first loop gave, and `again` has what the object
    gives now. It is None if the object now gives something else than a loop.
    """

    def __init__(
        self,
        second: SecondAnswers,
        items: list[_Copy | None],
        again: FirstItems | None,
    ) -> None:
        self._second = second
        self._items = items
        self._again = again

    def check(self, place: int) -> None:
        """Note whether the object now gives something else at that place."""
        items = [] if self._again is None else self._again.up_to(place)
        found = items[place] if place < len(items) else _END
        self._second.note_item(self._items, place, found)


class _Any:
    """An object of which nothing is known."""

    def check_least(self, count: int) -> None:
        """Accept every number of items."""


def _ignore(*_: object) -> None:
    pass


def _copy_of(value: object) -> _Copy | None:
    """Return a copy of the value, or None if it is not compared."""
    objects: list[object] = []

    def refer(one: object, _encoder: Encoder) -> Node:
        objects.append(one)
        return {"k": "object"}

    encoder = Encoder(refer)
    encoder.sends_missing = True
    try:
        node = encoder.encode(value)
    except CodecError:
        return None
    return _Copy(node, tuple(map(bytes, encoder.buffers)), bool(objects))
