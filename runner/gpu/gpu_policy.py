"""What a host decides about its GPUs."""

from dataclasses import dataclass

from runner.protocol.jobs import Device

_MIB = 1024**2


@dataclass(frozen=True, kw_only=True)
class GpuPolicy:
    """How device memory is shared out and watched. Sizes are bytes.

    `reserve_bytes`: never given out. `context_bytes`: what a process takes for CUDA
    itself, on top of what the job declares. `spares`: CUDA-warm processes kept waiting
    on each device. `jobs_per_device`: 0 is as many as memory allows. `idle_bytes`: the
    most that a device without jobs has in use. `tolerance_bytes`, `return_seconds`: how
    near memory must come back, and how soon. `look_seconds`, `recheck_seconds`: how
    often devices in service and in quarantine are looked at.
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
    """Say whether questions are checked by the notebook's own process, not by a fork.

    CUDA does not survive a fork, so on a GPU the live process answers at the check
    cell. What a check changes there stays changed. One that hangs or crashes costs the
    run the time in which a fresh process runs the cells before it again.
    """
    return device is Device.CUDA
