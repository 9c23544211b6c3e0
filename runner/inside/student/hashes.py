"""Hashes, for a grader, of objects whose class defines equality."""

from itertools import count
from typing import Final

# How many objects of a group are kept, in case one of them changes.
_KEPT: Final = 4
# For each group's place, some of its objects, which equal each other.
_Groups = dict[int, list[object]]


class Hashes:
    """The hashes told to a grader: equal objects get the same, different ones different.

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
        if type(value).__eq__ is object.__eq__:
            return None
        try:
            return [self.hash_of(value)]
        except Exception:  # noqa: BLE001 - whatever a student's class raises
            return []


def _equal_to(value: object, groups: _Groups) -> int | None:
    """Return the place of a group with another object that equals the value, or None."""
    for place, group in groups.items():
        if any(one is not value and _equals(one, value) for one in group):
            return place
    return None


def _equals(one: object, other: object) -> bool:
    """Return whether the objects are equal.

    A set of cards never compares one with an object of another class, but both kinds
    may have been told to a grader, and may have the same hash. Then an `__eq__` that is
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
            groups[place] = [one for one in group if _has_hash(one, own)]


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
        if len(group) == 1 and group[0] is value:
            return place
    return next(place for place in count() if not groups.get(place))


def _put(value: object, groups: _Groups, place: int) -> None:
    """Put the object into the group at that place, and remove it from all others."""
    for other in list(groups):
        if other != place:
            groups[other] = [one for one in groups[other] if one is not value]
            if not groups[other]:
                del groups[other]
    group = groups.setdefault(place, [])
    if len(group) < _KEPT and not any(one is value for one in group):
        group.append(value)
