"""Hashes of objects that say themselves what equals them, as a grader is told them."""


class Hashes:
    """Tells equal objects the same hash, and different ones different hashes.

    A grader refuses to compare two objects, and would have to if two different ones had
    the same hash: -1 and -2 have.
    """

    def __init__(self) -> None:
        # The objects of each hash. Equal ones have the same number beside them.
        self._met: dict[int, list[tuple[object, int]]] = {}

    def hash_of(self, value: object) -> int:
        """Return the object's hash. Raises what its class raises, also by `==`."""
        own = hash(value)
        met = self._met.setdefault(own, [])
        others = [(one, place) for one, place in met if one is not value]
        before = [place for one, place in met if one is value]
        place = next((place for one, place in others if one == value), None)
        if place is None:
            taken = {place for _, place in others}
            # It may have changed since, and what was its equal has not.
            free = [one for one in before if one not in taken]
            place = free[0] if free else 1 + max(taken, default=-1)
        self._met[own] = [*others, (value, place)]
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
