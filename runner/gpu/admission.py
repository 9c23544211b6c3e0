"""The ledger of device memory: who holds how much, and who waits, in order of coming.

It knows numbers only: no driver, no clock, no process.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass


class NeverFitsError(Exception):
    """No device in service could hold the job, were it all alone."""


@dataclass(eq=False)
class Place:
    """One job's place: first in the queue, then on a device, in the end nowhere."""

    size: int
    device: str | None = None


class Ledger:
    """Gives memory out, first come, first served, and never more than there is.

    Nobody overtakes: a small job behind a large one waits with it, so that the large
    one is not starved. `jobs_per_device` of 0 means as many as memory allows. Several
    threads may call.
    """

    def __init__(
        self, capacities: Mapping[str, int], *, jobs_per_device: int = 0
    ) -> None:
        self._capacities = dict(capacities)
        self._most = jobs_per_device
        self._withdrawn: set[str] = set()
        self._waiting: list[Place] = []
        self._holding: list[Place] = []
        self._changed = threading.Condition()

    def join(self, size: int) -> Place:
        """Return a place at the end of the queue, or raise NeverFitsError."""
        with self._changed:
            if not self._could_fit(size):
                raise NeverFitsError
            place = Place(size)
            self._waiting.append(place)
            return place

    def take(self, place: Place) -> str | None:
        """Return the device that the place now holds, or None if it must wait on.

        Raises NeverFitsError if every device that could hold it has been withdrawn.
        """
        with self._changed:
            if place.device is None and place in self._waiting:
                if not self._could_fit(place.size):
                    raise NeverFitsError
                if self._is_next(place):
                    self._settle(place)
            return place.device

    def leave(self, place: Place) -> None:
        """The place is given up, wherever it was. More than once does no harm."""
        with self._changed:
            for places in (self._waiting, self._holding):
                if place in places:
                    places.remove(place)
            self._changed.notify_all()

    def withdraw(self, device: str) -> None:
        """The device takes no more jobs; those that it has go on."""
        with self._changed:
            self._withdrawn.add(device)
            self._changed.notify_all()

    def restore(self, device: str) -> None:
        """The device takes jobs again."""
        with self._changed:
            self._withdrawn.discard(device)
            self._changed.notify_all()

    def in_service(self) -> tuple[str, ...]:
        """Return the devices that take jobs."""
        with self._changed:
            return tuple(one for one in self._capacities if one not in self._withdrawn)

    def held(self, device: str, *, besides: Place | None = None) -> int:
        """Return the bytes given out on the device, those of `besides` left out."""
        with self._changed:
            return sum(one.size for one in self._on(device) if one is not besides)

    def wait(self, seconds: float) -> None:
        """Return when something has changed, or after the time."""
        with self._changed:
            self._changed.wait(seconds)

    def _on(self, device: str) -> list[Place]:
        return [place for place in self._holding if place.device == device]

    def _could_fit(self, size: int) -> bool:
        return any(
            size <= capacity
            for device, capacity in self._capacities.items()
            if device not in self._withdrawn
        )

    def _is_next(self, place: Place) -> bool:
        """Say whether nobody before it can hope for a device."""
        before = self._waiting[: self._waiting.index(place)]
        return not any(self._could_fit(other.size) for other in before)

    def _settle(self, place: Place) -> None:
        """The place is on the device with the most room, if there is room at all."""
        rooms = {device: self._room(device) for device in self._capacities}
        device = max(rooms, key=lambda name: rooms[name])
        if rooms[device] >= place.size:
            self._waiting.remove(place)
            place.device = device
            self._holding.append(place)
            self._changed.notify_all()

    def _room(self, device: str) -> int:
        on_it = self._on(device)
        if device in self._withdrawn or 0 < self._most <= len(on_it):
            return -1
        return self._capacities[device] - sum(place.size for place in on_it)
