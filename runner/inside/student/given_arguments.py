"""The values that a test has given, and those that the notebook's code has changed.

What a test gives is a copy. A check in which a test may look at its own value afterwards
asks for what became of the copy. Only such checks pay for the comparison.
"""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from runner.inside.values.codec import CodecError, Decoder, Encoder
from runner.inside.values.prints import (
    CONTAINERS,
    MOST_CHANGED,
    Print,
    are_same,
    parts_of,
    print_of,
)

# The message of the check in which a value came, and its number there.
Place = tuple[int, int]

# What an object of the notebook's keeps is compared after each later call, if it is small.
_MOST_KEPT: Final = 16
_KEPT_BYTES: Final = 1024**2
# Values that have changed are kept until the check ends, the latest ones of them.
_CHANGED_BYTES: Final = 256 * 1024**2
# The references to a value that nobody else holds: ours, and that of the question.
_OURS: Final = 2


@dataclass
class _Given:
    """A value that came in a message, and its print as it came."""

    place: Place
    value: Any
    came: Print


class GivenArguments:
    """The values of the present check that may still change, and those that have."""

    def __init__(self) -> None:
        self._kept: list[_Given] = []
        self._changed: dict[Place, Any] = {}

    def watch(self, message: object) -> "Watch":
        """Return a watch over one question; it does nothing if there is no number."""
        if type(message) is not int:
            return Watch(self, None)
        if message == 1:  # a new check
            self._kept.clear()
            self._changed.clear()
        return Watch(self, message)

    def kept(self) -> list[_Given]:
        """Return what an object of the notebook's still keeps of earlier messages."""
        held = (
            one
            for one in self._kept
            if _is_held(one, 1 if one.place in self._changed else 0)
        )
        self._kept = list(held)[-_MOST_KEPT:]
        return self._kept

    def keep(self, given: list[_Given]) -> None:
        """Keep these values, which may change from now on."""
        self._kept = given

    def note_changed(self, given: list[_Given]) -> None:
        """Keep these values, which have changed."""
        for one in given:
            self._changed.pop(one.place, None)
            self._changed[one.place] = one.value
        size = sum(map(_bytes_in, self._changed.values()))
        while len(self._changed) > MOST_CHANGED or size > _CHANGED_BYTES:
            size -= _bytes_in(self._changed.pop(next(iter(self._changed))))

    def content(
        self, message: int, number: int, encoder: Callable[[], Encoder]
    ) -> list[object] | None:
        """Return what a changed value holds now, or None if that cannot be sent.

        The list is `["whole", value]`, `["all", parts]`, `["parts", parts]` with each
        part as `[part]` or as the place of a given value, or `["module", modes, state]`.
        """
        if (message, number) not in self._changed:
            return None
        places = {id(one.value): one.place for one in self._kept}
        places |= {id(value): place for place, value in self._changed.items()}
        try:
            found = _content_of(self._changed[message, number], places)
            encoder().encode(found)
        except (CodecError, RuntimeError, TypeError, ValueError):
            return None
        return found


class Watch:
    """The values that one question may change."""

    def __init__(self, owner: GivenArguments, message: int | None) -> None:
        self._owner = owner
        self._message = message
        self._given: list[_Given] = []

    def begin(self, decoder: Decoder) -> None:
        """Take the prints of what the question gives."""
        if self._message is None:
            return
        self._given = list(self._owner.kept())
        for number, value in decoder.numbered():
            came = print_of(value)
            if came is not None:
                self._given.append(_Given((self._message, number), value, came))

    def told(self) -> dict[str, object]:
        """Return what the answer's header says: the places of the changed values."""
        if not self._given:
            return {}
        changed, kept = [], []
        for one in self._given:
            now = print_of(one.value)
            if now is None or are_same(one.came, now):
                kept.append(one)
            else:
                changed.append(one)
                kept.append(_Given(one.place, one.value, now))
        self._owner.keep([one for one in kept if _bytes_in(one.value) <= _KEPT_BYTES])
        self._owner.note_changed(changed)
        self._given = []
        return {"changed": [list(one.place) for one in changed]} if changed else {}


def _is_held(one: _Given, more: int) -> bool:
    """Return whether others refer to the value, where `more` of ours do."""
    return sys.getrefcount(one.value) > _OURS + more


def _bytes_in(value: Any) -> int:
    """Return about how many bytes the value takes."""
    if isinstance(value, torch.nn.Module):
        return sum(one.nbytes for one in value.parameters())
    if isinstance(value, torch.Tensor | np.ndarray):
        return int(value.nbytes)
    shape = getattr(value, "shape", None)
    count = (
        math.prod(shape) if shape else len(value) if hasattr(value, "__len__") else 0
    )
    return 8 * count


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
