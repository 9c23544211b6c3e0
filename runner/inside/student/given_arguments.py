"""The values that a test has given, and those that the notebook's code has changed.

What a test gives is a copy. A check in which a test may look at its own value afterwards
asks for what became of the copy. Only such checks pay for the comparison.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch

from runner.inside.student.held_values import bytes_in, cost_of, is_held
from runner.inside.values.codec import CodecError, Decoder, Encoder
from runner.inside.values.prints import (
    CONTAINERS,
    Print,
    are_same,
    parts_of,
    print_of,
)

# The message of the check in which a value came, and its number there.
Place = tuple[int, int]

# What the notebook's objects keep may still change: so much of it is compared.
_KEPT_BYTES: Final = 256 * 1024**2
_MOST_KEPT: Final = 10_000
# It is forgotten once it is not kept any more, when so many more values have come.
_MANY: Final = 256
# So much of it is compared after each call, in microseconds. The rest is compared before
# the next assertion, and in one check no more than this in all. (Both are counted, not
# measured, so that no mark depends on the machine's speed.)
_EACH_CALL: Final = 2_000
_IN_ALL: Final = 4_000_000
# So many parts of one answer are told that are values which the test has given.
_MOST_SAME: Final = 64
# Values that have changed are kept until the check ends, the latest ones of them.
_CHANGED_BYTES: Final = 256 * 1024**2


@dataclass
class _Given:
    """A value that came in a message, and its print as it was last seen."""

    place: Place
    value: Any
    came: Print | None
    bytes: int
    cost: float

    def has_changed(self) -> bool:
        """Return whether the value has changed since it was last seen, and see it anew.

        A value that cannot be compared any more has changed.
        """
        try:
            now = print_of(self.value)
        except MemoryError:
            return False
        before, self.came = self.came, now
        if before is None or now is None:
            return before is not now
        if are_same(before, now):
            return False
        self.bytes, self.cost = bytes_in(self.value), cost_of(self.value)
        return True


class GivenArguments:
    """The values of the present check that may still change, and those that have."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        # What may be kept, in its order: the latest is compared after each call.
        self._latest: list[_Given] = []
        self._aside: deque[_Given] = deque()
        self._aside_bytes = 0
        self._swept = _MANY
        self._left: float = _IN_ALL
        self._changed: dict[Place, _Given] = {}
        self._changed_bytes = 0
        self._places: Mapping[int, Place] = {}

    def watch(self, message: object) -> "Watch":
        """Return a watch over one question; it does nothing if there is no number."""
        if type(message) is not int:
            return Watch(self, None)
        if message == 1:  # a new check
            self._begin()
        return Watch(self, message)

    def latest(self) -> list[_Given]:
        """Return what the notebook's objects keep and each call is compared with."""
        latest, left = list[_Given](), float(_EACH_CALL)
        waiting, self._latest = self._latest, []
        while waiting:  # the latest first, and what holds others before what it holds
            one = waiting.pop()
            if is_held(one.value):
                left -= one.cost
                if left < 0:
                    self._set_aside(one)
                else:
                    latest.append(one)
        if len(self._aside) > self._swept:
            self._sweep()
        self._latest = latest[::-1]
        return latest

    def _set_aside(self, one: _Given) -> None:
        self._aside.append(one)
        self._aside_bytes += one.bytes
        while self._aside_bytes > _KEPT_BYTES or len(self._aside) > _MOST_KEPT:
            self._aside_bytes -= self._aside.popleft().bytes

    def _sweep(self) -> None:
        """Forget what has been set aside and is no longer held."""
        self._aside = deque(one for one in self._aside if is_held(one.value))
        self._aside_bytes = sum(one.bytes for one in self._aside)
        self._swept = 2 * len(self._aside) + _MANY

    @property
    def has_aside(self) -> bool:
        """Whether it keeps values that are not compared after each call."""
        return bool(self._aside)

    def keep(self, given: list[_Given]) -> None:
        """Keep these new values, which may change from now on."""
        self._latest += given

    def compare_all(self) -> list[list[int]]:
        """Return the places of the values set aside that have changed in the meantime."""
        self._sweep()
        compared = list[_Given]()
        for one in reversed(self._aside):
            self._left -= one.cost
            if self._left < 0:
                break
            compared.append(one)
        return [list(one.place) for one in self.changed_among(compared)]

    def changed_among(self, given: list[_Given]) -> list[_Given]:
        """Note and return those of the values that have changed."""
        changed = [one for one in given if one.has_changed()]
        for one in changed:
            self._forget(one.place)
            self._changed[one.place] = one
            self._changed_bytes += one.bytes
        while self._changed_bytes > _CHANGED_BYTES:
            self._forget(next(iter(self._changed)))
        return changed

    def _forget(self, place: Place) -> None:
        if place in self._changed:
            self._changed_bytes -= self._changed.pop(place).bytes

    def contents(
        self, places: list[list[int]], encoder: Callable[[], Encoder]
    ) -> list[list[object] | None] | None:
        """Return what changed values hold now, or None if all that cannot be sent.

        A content is `["whole", value]`, `["all", parts]`, `["parts", parts]` with each
        part as `[part]` or as the place of a given value, `["module", modes, state]`, or
        None if it is not known here.
        """
        self._places = self._known_places()
        try:
            found = [self.content(*place) for place in places]
            encoder().encode(found)
        except (CodecError, RuntimeError, TypeError, ValueError):
            return None
        finally:
            self._places = {}
        return found

    def content(self, message: int, number: int) -> list[object] | None:
        """Return what a changed value holds now, or None if it is not kept."""
        changed = self._changed.get((message, number))
        return None if changed is None else _content_of(changed.value, self._places)

    def recent_places(self) -> dict[int, Place]:
        """Return the places of the latest values, by their ids."""
        known = (*self._latest, *self._changed.values())
        return {id(one.value): one.place for one in known}

    def _known_places(self) -> Mapping[int, Place]:
        """Return the places of the values that are known here, by their ids."""
        known = (*self._latest, *self._aside, *self._changed.values())
        return {id(one.value): one.place for one in known}


class Watch:
    """The values that one question may change."""

    def __init__(self, owner: GivenArguments, message: int | None) -> None:
        self._owner = owner
        self._message = message
        self._kept: list[_Given] = []
        self._given: list[_Given] = []

    def begin(self, decoder: Decoder) -> None:
        """Take the prints of what the question gives."""
        if self._message is None:
            return
        self._kept = self._owner.latest()
        for number, value in decoder.numbered():
            one = _given((self._message, number), value)
            if one is not None:
                self._given.append(one)

    def same_in(self, encoder: Encoder) -> dict[str, object]:
        """Return the parts of an answer that are values which the test has given.

        Each has its number in the answer, and its place. `f(xs) is xs` asks for it.
        """
        if self._message is None:
            return {}
        places = self._owner.recent_places()
        places |= {id(one.value): one.place for one in (*self._kept, *self._given)}
        found = encoder.numbered_among(places)[:_MOST_SAME]
        return (
            {"mine": [[number, *places[key]] for key, number in found]} if found else {}
        )

    def told(self) -> dict[str, object]:
        """Return what the answer's header says: the places of the changed values.

        "aside" says that further values are compared when the grader asks for it.
        """
        if self._message is None:
            return {}
        changed = self._owner.changed_among([*self._kept, *self._given])
        self._owner.keep(self._given)
        self._kept, self._given = [], []
        told: dict[str, object] = {"aside": True} if self._owner.has_aside else {}
        if changed:
            told["changed"] = [list(one.place) for one in changed]
        return told


def _given(place: Place, value: Any) -> _Given | None:
    """Return the value with its print, or None for a value that is not compared."""
    with contextlib.suppress(MemoryError):
        came = print_of(value)
        if came is not None:
            return _Given(place, value, came, bytes_in(value), cost_of(value))
    return None


def _content_of(value: Any, places: Mapping[int, Place]) -> list[object]:
    if isinstance(value, torch.nn.Module):
        modes = [[name, layer.training] for name, layer in value.named_modules()]
        state = {name: one.detach() for name, one in value.state_dict().items()}
        return ["module", modes, state]
    if isinstance(value, CONTAINERS):
        parts = list(parts_of(value))
        if any(id(part) in places for part in parts):
            return ["parts", [list(places.get(id(one), (one,))) for one in parts]]
        return ["all", parts]
    if isinstance(value, torch.Tensor):
        value = value.detach()
    return ["whole", value]
