"""The settings of a host for its GPUs, and how questions are checked on them."""

from dataclasses import dataclass

from runner.protocol.jobs import Device

_MIB = 1024**2


@dataclass(frozen=True, kw_only=True)
class GpuPolicy:
    """How device memory is shared out and watched. Sizes are bytes.

    `reserve_bytes`: never given out. `context_bytes`: what a process needs for CUDA
    itself, on top of what the job declares. `spares`: processes with CUDA started that
    wait on each device. `jobs_per_device`: 0 is as many as memory allows. `idle_bytes`:
    the most that a device without jobs has in use. `tolerance_bytes`, `return_seconds`:
    after a job, memory in use must be this near to what it was before, within this time.
    `look_seconds`, `recheck_seconds`: how often devices in service, and devices in
    quarantine, are looked at.
    """

    reserve_bytes: int = 512 * _MIB
    context_bytes: int = 768 * _MIB
    spares: int = 0
    jobs_per_device: int = 0
    idle_bytes: int = 1024 * _MIB
    tolerance_bytes: int = 256 * _MIB
    return_seconds: float = 10.0
    look_seconds: float = 1.0
    recheck_seconds: float = 30.0


def checks_in_place(device: Device) -> bool:
    """Return whether questions are checked in the notebook's own process, not a snapshot.

    CUDA does not survive a fork, so on a GPU the live process answers at the check
    cell. What a check changes there stays changed. A check that hangs or crashes costs
    the run the time in which a fresh process runs the earlier cells again.
    """
    return device is Device.CUDA
