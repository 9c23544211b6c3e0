"""The test's own values whose copies the notebook has changed, and what those hold."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from runner.inside.grader.reached_values import Key, keys_of
from runner.inside.values.prints import CONTAINERS, Print, are_same, print_of

Ref = Callable[[], Any]
Place = tuple[int, int]

# If more values have changed, only those count to which an expression leads.
_FEW: Final = 64
# The contents of this many values are asked for at once.
_TOGETHER: Final = 256


@dataclass(frozen=True)
class Changed:
    """A value that the test has given, and its print when its copy had changed.

    `number` counts the changes, and `call` is the number of the call that has changed
    the copy.
    """

    number: int
    place: Place
    ref: Ref
    came: Print | None
    call: int
    keys: Sequence[Key]

    def left(self) -> Any:
        """Return the test's value, or None if the test has changed it since."""
        value = self.ref()
        now = print_here(value)
        is_left = self.came is not None and now is not None and are_same(self.came, now)
        return value if is_left else None


class ChangedValues:
    """The changed values of one check, in the order of their changes.

    `fetch` asks the snapshot for the contents of changed values by their places. Its
    answer is None for contents that cannot be sent together.
    """

    def __init__(self, fetch: Callable[[Sequence[Place]], Any]) -> None:
        self._fetch = fetch
        self._count = 0
        self._changed: dict[Place, Changed] = {}
        self._by_key: dict[Key, set[Place]] = {}
        self._contents: dict[Place, Any] = {}
        # Containers whose contents are not known: they are asked for together.
        self._small: dict[Place, None] = {}
        # Networks whose modes the test has set itself.
        self._without_modes: set[Place] = set()

    def __bool__(self) -> bool:
        return bool(self._changed)

    def clear(self) -> None:
        """Forget all, before another check."""
        self._changed.clear()
        self._by_key.clear()
        self._contents.clear()
        self._small.clear()
        self._without_modes.clear()

    def note(self, place: Place, ref: Ref, call: int) -> None:
        """Note the latest change of a value that the test still has."""
        self.forget(place)  # so that it stands last
        value = ref()
        keys = keys_of(value)
        self._count += 1
        self._changed[place] = Changed(
            self._count, place, ref, print_here(value), call, keys
        )
        if isinstance(value, CONTAINERS):
            self._small[place] = None
        for key in keys:
            self._by_key.setdefault(key, set()).add(place)

    def forget(self, place: Place, *, is_mode: bool = False) -> None:
        """Forget that the value at that place has changed, and what its copy holds.

        `is_mode` says that only the modes of a network are forgotten.
        """
        if is_mode:
            self._without_modes.add(place)
            return
        self._without_modes.discard(place)
        changed = self._changed.pop(place, None)
        self._contents.pop(place, None)
        self._small.pop(place, None)
        for key in () if changed is None else changed.keys:
            places = self._by_key[key]
            places.discard(place)
            if not places:
                del self._by_key[key]

    def of(self, value: object) -> list[Changed]:
        """Return the changes of this very object."""
        places = self._by_key.get(keys_of(value)[0], ())
        found = (self._changed[place] for place in places)
        return [one for one in found if one.ref() is value]

    def has(self, changed: Changed) -> bool:
        """Return whether this is still the latest change at its place."""
        return self._changed.get(changed.place) is changed

    def read_by(self, keys: Callable[[], AbstractSet[Key]]) -> list[Changed]:
        """Return the changes that may count in an expression, in their order.

        `keys` tells to what the expression leads.
        """
        if len(self._changed) <= _FEW:
            places = list(self._changed)
        else:
            few, many = sorted((keys(), self._by_key.keys()), key=len)
            found = (key for key in few if key in many)
            read = {place for key in found for place in self._by_key[key]}
            places = sorted(read, key=lambda place: self._changed[place].number)
        changes = []
        for place in places:
            changed = self._changed[place]
            if changed.ref() is None:  # the test has dropped it
                self.forget(place)
            else:
                changes.append(changed)
        return changes

    def load(self, changes: Iterable[Changed], at: Callable[[Place], Any]) -> None:
        """Ask for the contents of these values that are not known yet.

        `at` gives the test's value at a place.
        """
        places = [one.place for one in changes if one.place not in self._contents]
        if places:
            more = (one for one in self._small if one not in places)
            places += islice(more, max(0, _TOGETHER - len(places)))
        for start in range(0, len(places), _TOGETHER):
            self._load(places[start : start + _TOGETHER], at)

    def _load(self, places: Sequence[Place], at: Callable[[Place], Any]) -> None:
        found = self._fetch(places)
        if found is None and len(places) > 1:
            middle = len(places) // 2
            self._load(places[:middle], at)
            self._load(places[middle:], at)
            return
        is_answer = isinstance(found, list) and len(found) == len(places)
        contents = found if is_answer else [None] * len(places)
        for place, content in zip(places, contents, strict=True):
            self._small.pop(place, None)
            self._contents[place] = _resolved(content, at)

    def content(self, changed: Changed) -> Sequence[Any] | None:
        """Return what the copy holds, as `load` has found it, or None if unknown."""
        content: Sequence[Any] | None = self._contents.get(changed.place)
        match content:
            case ["module", _, state] if changed.place in self._without_modes:
                return ["module", None, state]
        return content


def _resolved(content: Any, at: Callable[[Place], Any]) -> list[Any] | None:
    """Return the content with the test's values in the place of their places."""
    match content:
        case ["all", list() as parts]:
            return ["parts", parts]
        case ["parts", list() as parts]:
            return ["parts", [_part(one, at) for one in parts]]
        case list():
            return content
    return None


def _part(part: Any, at: Callable[[Place], Any]) -> Any:
    match part:
        case [int() as message, int() as number]:
            return at((message, number))
        case [value]:
            return value
    return None


def print_here(value: Any) -> Print | None:
    """Return the value's print, or None for a value that is not compared."""
    try:
        return print_of(value)
    except MemoryError:
        return None
