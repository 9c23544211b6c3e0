"""CUDA in a student process: first used after the fork and inside the jail.

`start` can run ahead of demand, in a spare; `apply_order` needs the job. Neither draws a
random number, so a run in a spare gives the same as a run in a fresh process.
"""

import ctypes
import os
import random
from pathlib import Path
from typing import Final

import numpy as np
import torch

from runner.gpu.cuda_order import CudaOrder, CudaReport

_FORMAT: Final = 1000
_NUMPY_SEEDS: Final = 2**32
_NODES: Final = "/dev/nvidia"
_SIDE: Final = 8


class CudaUnwellError(Exception):
    """Raised if the device cannot run CUDA, with the reason. No notebook is at fault."""


def is_untouched() -> bool:
    """Return whether this process has opened no GPU, and so may be forked.

    Any user of CUDA, torch or another, holds a device node of the driver open.
    """
    for entry in Path("/proc/self/fd").iterdir():
        try:
            if str(entry.readlink()).startswith(_NODES):
                return False
        except OSError:
            continue  # the descriptor of the listing itself
    return True


def start_for_job(order: CudaOrder) -> CudaReport:
    """Start CUDA on the order's device, with its memory limit and its seed."""
    report = start(order.uuid)
    apply_order(order)
    return report


def start(uuid: str) -> CudaReport:
    """Start CUDA on the one device, load its libraries, and return its description.

    Raises CudaUnwellError if that fails, or if CUDA finds another device.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = uuid
    # Otherwise cuBLAS may choose other algorithms in each run. Read when it starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
        device = torch.cuda.get_device_properties(0)
        _load_libraries()
        report = CudaReport(
            name=str(device.name),
            capability=f"{device.major}.{device.minor}",
            total_bytes=int(device.total_memory),
            driver=_driver(),
            cuda=str(torch.version.cuda),
            cudnn=str(torch.backends.cudnn.version()),  # type: ignore[no-untyped-call]
        )
    except (RuntimeError, AssertionError, OSError) as error:
        raise CudaUnwellError(str(error)) from error
    found = str(getattr(device, "uuid", uuid)).removeprefix("GPU-")
    if found != uuid.removeprefix("GPU-"):
        raise CudaUnwellError(f"CUDA found the device {found}, not {uuid}")
    return report


def _load_libraries() -> None:
    """Run a matrix product and a convolution, since a job's first ones take seconds."""
    square = torch.zeros(_SIDE, _SIDE, device="cuda")
    torch.mm(square, square)
    image = square.view(1, 1, _SIDE, _SIDE)
    torch.nn.functional.conv2d(image, image)
    torch.cuda.synchronize()
    del square, image
    torch.cuda.empty_cache()


def apply_order(order: CudaOrder) -> None:
    """Limit torch to the job's memory, and seed all generators with its seed."""
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, order.memory_bytes / total))
    torch.cuda.reset_peak_memory_stats()
    random.seed(order.seed)
    np.random.seed(order.seed % _NUMPY_SEEDS)
    torch.manual_seed(order.seed)  # seeds the device's generator, too


def _driver() -> str:
    """Return the newest CUDA version that the driver supports, such as 13.0."""
    version = ctypes.c_int()
    ctypes.CDLL("libcuda.so.1").cuDriverGetVersion(ctypes.byref(version))
    major, rest = divmod(version.value, _FORMAT)
    return f"{major}.{rest // 10}"
