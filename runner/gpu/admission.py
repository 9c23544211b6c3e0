"""The ledger of device memory: which jobs hold how much, and which wait, in a queue.

It knows only numbers: no driver, no clock, no process.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass


class NeverFitsError(Exception):
    """No device in service could hold the job, even if no other job were on it."""


@dataclass(eq=False)
class Reservation:
    """One job's reservation: first in the queue, then on a device, then given up.

    `size` is in bytes. `device` is None while the reservation is on no device.
    """

    size: int
    device: str | None = None


class Ledger:
    """Gives memory out, first come, first served, and never more than there is.

    No job overtakes another: a small job behind a large one waits with it, so that the
    large one is not starved. `jobs_per_device` of 0 means as many as memory allows.
    Several threads may call.
    """

    def __init__(
        self, capacities: Mapping[str, int], *, jobs_per_device: int = 0
    ) -> None:
        self._capacities = dict(capacities)
        self._most = jobs_per_device
        self._withdrawn: set[str] = set()
        self._waiting: list[Reservation] = []
        self._holding: list[Reservation] = []
        self._changed = threading.Condition()

    def enqueue(self, size: int) -> Reservation:
        """Return a reservation of `size` bytes, at the end of the queue.

        Raises NeverFitsError.
        """
        with self._changed:
            if not self._could_fit(size):
                raise NeverFitsError
            reservation = Reservation(size)
            self._waiting.append(reservation)
            return reservation

    def try_allocate(self, reservation: Reservation) -> str | None:
        """Return the device that the reservation now holds, or None if it must wait.

        Raises NeverFitsError if every device that could hold it has been withdrawn.
        """
        with self._changed:
            if reservation.device is None and reservation in self._waiting:
                if not self._could_fit(reservation.size):
                    raise NeverFitsError
                if self._is_next(reservation):
                    self._assign_device(reservation)
            return reservation.device

    def release(self, reservation: Reservation) -> None:
        """Give up the reservation, in the queue or on a device. May be called twice."""
        with self._changed:
            for queue in (self._waiting, self._holding):
                if reservation in queue:
                    queue.remove(reservation)
            self._changed.notify_all()

    def withdraw(self, device: str) -> None:
        """Put the device out of service: it takes no more jobs; those on it go on."""
        with self._changed:
            self._withdrawn.add(device)
            self._changed.notify_all()

    def restore(self, device: str) -> None:
        """Put the device back into service, so that it takes jobs again."""
        with self._changed:
            self._withdrawn.discard(device)
            self._changed.notify_all()

    def in_service(self) -> tuple[str, ...]:
        """Return the devices that take jobs."""
        with self._changed:
            return tuple(one for one in self._capacities if one not in self._withdrawn)

    def allocated_bytes(
        self, device: str, *, besides: Reservation | None = None
    ) -> int:
        """Return the bytes given out on the device, without those of `besides`."""
        with self._changed:
            return sum(one.size for one in self._on(device) if one is not besides)

    def wait(self, seconds: float) -> None:
        """Wait until the ledger has changed, for at most `seconds`."""
        with self._changed:
            self._changed.wait(seconds)

    def _on(self, device: str) -> list[Reservation]:
        return [
            reservation for reservation in self._holding if reservation.device == device
        ]

    def _could_fit(self, size: int) -> bool:
        return any(
            size <= capacity
            for device, capacity in self._capacities.items()
            if device not in self._withdrawn
        )

    def _is_next(self, reservation: Reservation) -> bool:
        """Return whether no reservation before it can ever get a device."""
        before = self._waiting[: self._waiting.index(reservation)]
        return not any(self._could_fit(other.size) for other in before)

    def _assign_device(self, reservation: Reservation) -> None:
        """Put the reservation on the device with the most room, if it fits there."""
        rooms = {device: self._room(device) for device in self._capacities}
        device = max(rooms, key=lambda name: rooms[name])
        if rooms[device] >= reservation.size:
            self._waiting.remove(reservation)
            reservation.device = device
            self._holding.append(reservation)
            self._changed.notify_all()

    def _room(self, device: str) -> int:
        on_it = self._on(device)
        if device in self._withdrawn or 0 < self._most <= len(on_it):
            return -1
        return self._capacities[device] - sum(reservation.size for reservation in on_it)
