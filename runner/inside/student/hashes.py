"""Hashes of objects that say themselves what equals them, as a grader is told them."""

from itertools import count
from typing import Final

# How many objects of a group are kept, in case that one of them changes.
_KEPT: Final = 4
# Some of the objects that equal each other, by the place of their group.
_Groups = dict[int, list[object]]


class Hashes:
    """Tells equal objects the same hash, and different ones different hashes.

    A grader refuses to compare two objects, and would have to if two different ones had
    the same hash: -1 and -2 have. A few objects stand for all that equal them, so that
    an object costs the same however many equal ones were met before it.
    """

    def __init__(self) -> None:
        self._met: dict[int, _Groups] = {}

    def hash_of(self, value: object) -> int:
        """Return the object's hash. Raises what its class raises, also by `==`."""
        own = hash(value)
        groups = self._met.setdefault(own, {})
        place = _equal_to(value, groups)
        if place is None:
            _forget_changed(groups, own)
            place = _place_of_its_own(value, groups)
        _put(value, groups, place)
        return hash((own, place)) if place else own

    def told(self, value: object) -> list[int] | None:
        """Return None for a class that leaves equality to Python, else the hash.

        An object that has no hash, or none yet, has an empty list.
        """
        if type(value).__eq__ is object.__eq__:
            return None
        try:
            return [self.hash_of(value)]
        except Exception:  # noqa: BLE001 - whatever a student's class raises
            return []


def _equal_to(value: object, groups: _Groups) -> int | None:
    """Return the place of a group that another object is in which equals the value."""
    for place, group in groups.items():
        if any(one is not value and one == value for one in group):
            return place
    return None


def _forget_changed(groups: _Groups, own: int) -> None:
    """Forget objects that have another hash by now, where others stand beside them."""
    for place, group in groups.items():
        if len(group) > 1:
            groups[place] = [one for one in group if _has_hash(one, own)]


def _has_hash(value: object, own: int) -> bool:
    try:
        return hash(value) == own
    except Exception:  # noqa: BLE001 - whatever a student's class raises
        return False


def _place_of_its_own(value: object, groups: _Groups) -> int:
    """Return the place where the value is alone already, or a free one.

    If it is not alone it has changed, and what was its equal has not.
    """
    for place, group in groups.items():
        if len(group) == 1 and group[0] is value:
            return place
    return next(place for place in count() if not groups.get(place))


def _put(value: object, groups: _Groups, place: int) -> None:
    """Let the object stand in the group at that place, and in no other."""
    for other in list(groups):
        if other != place:
            groups[other] = [one for one in groups[other] if one is not value]
            if not groups[other]:
                del groups[other]
    group = groups.setdefault(place, [])
    if len(group) < _KEPT and not any(one is value for one in group):
        group.append(value)
