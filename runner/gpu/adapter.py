"""The interface through which the host learns about GPUs of any maker."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class GpuUnreadableError(Exception):
    """The device did not answer. `str` says what was asked and why it failed."""


@dataclass(frozen=True, kw_only=True)
class GpuDevice:
    """A whole device, not a slice of one. `minor` is the number of its node in /dev."""

    uuid: str
    name: str
    minor: int
    driver: str = ""


@dataclass(frozen=True, kw_only=True)
class GpuMemory:
    """The memory of a device: the bytes that processes may use in all, and those used."""

    used: int
    total: int


@dataclass(frozen=True, kw_only=True)
class GpuHealth:
    """The health of a device, as it reports it.

    `reason` says why no work can be given to it now; "" if it is well. `errors` counts
    memory errors that could not be corrected, and only grows. `xids` are the numbers of
    the driver's error reports since the last look.
    """

    reason: str = ""
    errors: int = 0
    xids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GpuExposure:
    """The files that a jail must show so that CUDA works on one device, and no other."""

    nodes: tuple[str, ...]
    libraries: tuple[str, ...] = ()


class GpuAdapter(Protocol):
    """Asks the driver about devices. Several threads may ask at the same time."""

    def devices(self) -> tuple[GpuDevice, ...]:
        """Return the devices that can be used, and an empty tuple if there are none."""

    def memory(self, device: GpuDevice) -> GpuMemory:
        """Return the device's memory. Raises GpuUnreadableError."""

    def processes(self, device: GpuDevice) -> Mapping[int, int]:
        """Return the bytes in use by process, where known. Raises GpuUnreadableError."""

    def health(self, device: GpuDevice) -> GpuHealth:
        """Return the device's health. Does not raise: a missing answer becomes a reason."""

    def exposure(self, device: GpuDevice) -> GpuExposure:
        """Return the nodes and libraries that a process on the device needs."""
