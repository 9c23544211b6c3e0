"""What the host must be able to learn about GPUs, whoever made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class GpuUnreadableError(Exception):
    """The device did not answer. `str` says what was asked and why it failed."""


@dataclass(frozen=True, kw_only=True)
class GpuDevice:
    """A whole device. `minor` is the number of its node below /dev."""

    uuid: str
    name: str
    minor: int
    driver: str = ""


@dataclass(frozen=True, kw_only=True)
class GpuMemory:
    """Bytes that processes may use in all, and those in use now."""

    used: int
    total: int


@dataclass(frozen=True, kw_only=True)
class GpuHealth:
    """What a device says of itself.

    `reason` says why no work can be given to it now; "" if it is well. `errors` counts
    memory errors that nothing could correct, and only grows. `xids` are the numbers of
    the driver's error reports since the last look.
    """

    reason: str = ""
    errors: int = 0
    xids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GpuExposure:
    """What a jail must show so that CUDA works on one device, and on no other."""

    nodes: tuple[str, ...]
    libraries: tuple[str, ...] = ()


class GpuAdapter(Protocol):
    """Asks the driver. Several threads may ask at once."""

    def devices(self) -> tuple[GpuDevice, ...]:
        """Return the devices that can be used; none is an empty tuple, no error."""

    def memory(self, device: GpuDevice) -> GpuMemory:
        """Return the device's memory, or raise GpuUnreadableError."""

    def processes(self, device: GpuDevice) -> Mapping[int, int]:
        """Return bytes in use by process, where known; or raise GpuUnreadableError."""

    def health(self, device: GpuDevice) -> GpuHealth:
        """Return how the device is. One that does not answer is unwell, no error."""

    def exposure(self, device: GpuDevice) -> GpuExposure:
        """Return the nodes and libraries that a process on the device needs."""
