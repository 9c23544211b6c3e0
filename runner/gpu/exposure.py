"""The files that a jail shows so that CUDA works on one NVIDIA device, and no other."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runner.gpu.adapter import GpuExposure

# For a process, a device without its own node does not exist. The nodes here belong to
# the driver, and tell nothing of other devices.
_NEEDED: Final = ("nvidiactl", "nvidia-uvm")
_USEFUL: Final = ("nvidia-uvm-tools",)
# Libraries that CUDA opens by name when it needs them. If they are where the system's
# linker finds them, a jail that shows the system's libraries shows these too.
_LIBRARIES: Final = (
    "libcuda.so*",
    "libnvidia-ml.so*",
    "libnvidia-ptxjitcompiler.so*",
    "libnvidia-nvvm.so*",
    "libnvidia-gpucomp.so*",
)
_FOLDERS: Final = (
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "usr/lib64",
    "usr/local/nvidia/lib64",
)


def nvidia_exposure(minor: int, root: Path = Path("/")) -> GpuExposure:
    """Return the nodes of the device and of the driver, and the driver's libraries.

    A node that must be there is returned even if it is missing, so that this is noticed.
    """
    dev = root / "dev"
    needed = [dev / f"nvidia{minor}", *(dev / name for name in _NEEDED)]
    useful = [dev / name for name in _USEFUL if (dev / name).exists()]
    return GpuExposure(
        nodes=tuple(str(path) for path in (*needed, *useful)),
        libraries=tuple(str(path) for path in _libraries(root)),
    )


def _libraries(root: Path) -> list[Path]:
    """Return the driver's libraries, from the first folder that has any."""
    for folder in _folders(root):
        if (folder / "libcuda.so.1").exists():
            return sorted(path for name in _LIBRARIES for path in folder.glob(name))
    return []


def _folders(root: Path) -> Iterator[Path]:
    for name in os.environ.get("LD_LIBRARY_PATH", "").split(":"):
        if name:
            yield Path(name)
    for name in _FOLDERS:
        yield root / name
