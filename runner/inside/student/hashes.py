"""Hashes, for a grader, of objects whose class defines equality."""

import weakref
from collections.abc import Callable, Iterator
from itertools import count
from typing import Final

# How many objects of a group are kept, in case one of them changes.
_KEPT: Final = 4
# For each group's place, some of its objects, which equal each other. They are not kept
# alive, as far as their class allows that: a test may have dropped them.
_Group = list[Callable[[], object]]
_Groups = dict[int, _Group]


class Hashes:
    """The hashes sent to a grader: equal objects get the same, different ones different.

    A grader refuses to compare two objects, and would have to compare two different
    ones with the same hash, as -1 and -2 have. A few objects stand for all that equal
    them, so that the cost of an object does not grow with the equal ones met before it.
    """

    def __init__(self) -> None:
        self._met: dict[int, _Groups] = {}

    def hash_of(self, value: object) -> int:
        """Return the object's hash. Raises what its class raises, in `__eq__` too."""
        own = hash(value)
        groups = self._met.setdefault(own, {})
        place = _equal_to(value, groups)
        if place is None:
            _forget_changed(groups, own)
            place = _place_of_its_own(value, groups)
        _put(value, groups, place)
        return hash((own, place)) if place else own

    def hash_for_grader(self, value: object) -> list[int] | None:
        """Return None for a class that leaves equality to Python, else [hash].

        For an object that has no hash, or none yet, the list is empty.
        """
        kind = type(value)
        if kind.__eq__ is object.__eq__ and kind.__ne__ is object.__ne__:
            return None
        try:
            return [self.hash_of(value)]
        except Exception:  # noqa: BLE001 - whatever a student's class raises
            return []


def _equal_to(value: object, groups: _Groups) -> int | None:
    """Return the place of a group with another object that equals the value, or None."""
    for place, group in groups.items():
        others = (one for one in _alive(group) if one is not value)
        if any(_equals(one, value) for one in others):
            return place
    return None


def _equals(one: object, other: object) -> bool:
    """Return whether the objects are equal.

    A set of cards never compares one with an object of another class, but both kinds
    may have been sent to a grader, and may have the same hash. Then an `__eq__` that is
    written for cards alone may raise anything.
    """
    try:
        return bool(one == other)
    except Exception:
        if type(one) is type(other):
            raise
        return False


def _forget_changed(groups: _Groups, own: int) -> None:
    """Forget objects that now have another hash, in groups of more than one object."""
    for place, group in groups.items():
        if len(group) > 1:
            groups[place] = [_ref(one) for one in _alive(group) if _has_hash(one, own)]


def _has_hash(value: object, own: int) -> bool:
    try:
        return hash(value) == own
    except Exception:  # noqa: BLE001 - whatever a student's class raises
        return False


def _place_of_its_own(value: object, groups: _Groups) -> int:
    """Return the place where the value already is alone, or a free one.

    If the value stands in a group with others, it has changed and they have not.
    """
    for place, group in groups.items():
        if [one is value for one in _alive(group)] == [True]:
            return place
    return next(place for place in count() if _is_free(groups.get(place, [])))


def _put(value: object, groups: _Groups, place: int) -> None:
    """Put the object into the group at that place, and remove it from all others."""
    for other, group in list(groups.items()):
        is_here = other == place
        left = [_ref(one) for one in _alive(group) if is_here or one is not value]
        groups[other] = left
        if not left:
            del groups[other]
    group = groups.setdefault(place, [])
    if len(group) < _KEPT and not any(one() is value for one in group):
        group.append(_ref(value))


def _is_free(group: _Group) -> bool:
    return next(_alive(group), None) is None


def _ref(value: object) -> Callable[[], object]:
    """Return a function that gives the object, if possible only while it is in use."""
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value


def _alive(group: _Group) -> Iterator[object]:
    """Yield the objects of the group that are still in use."""
    for ref in group:
        value = ref()
        if value is not None:
            yield value
