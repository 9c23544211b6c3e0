"""CUDA in a student process: first touched here, after the fork and inside the jail.

`start` can run ahead of demand, in a process that waits for a job; `settle` needs the
job. Neither draws a random number, so a run on a process that has waited gives the
same as a run on a fresh one.
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
    """CUDA cannot be had on the device. `str` says why; it is no notebook's fault."""


def is_untouched() -> bool:
    """Say whether this process has opened no GPU, and so may be forked.

    Whatever started CUDA, and not only torch, it holds a node of the driver open.
    """
    for entry in Path("/proc/self/fd").iterdir():
        try:
            if str(entry.readlink()).startswith(_NODES):
                return False
        except OSError:
            continue  # the listing's own descriptor
    return True


def warm(order: CudaOrder) -> CudaReport:
    """This process computes on the order's device, with its memory and its seed."""
    report = start(order.uuid)
    settle(order)
    return report


def start(uuid: str) -> CudaReport:
    """CUDA runs on the one device, and its libraries are loaded. Say what it is.

    Raises CudaUnwellError if that fails, or if the device is another.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = uuid
    # Else cuBLAS may choose differently from run to run; read when it starts.
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
        raise CudaUnwellError(f"{found} is there, not {uuid}")
    return report


def _load_libraries() -> None:
    """The first product and convolution cost seconds; here they cost no job's time."""
    square = torch.zeros(_SIDE, _SIDE, device="cuda")
    torch.mm(square, square)
    image = square.view(1, 1, _SIDE, _SIDE)
    torch.nn.functional.conv2d(image, image)
    torch.cuda.synchronize()
    del square, image
    torch.cuda.empty_cache()


def settle(order: CudaOrder) -> None:
    """torch allots no more than the job's memory, and all generators have its seed."""
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, order.memory_bytes / total))
    torch.cuda.reset_peak_memory_stats()
    random.seed(order.seed)
    np.random.seed(order.seed % _NUMPY_SEEDS)
    torch.manual_seed(order.seed)  # the device's generator too


def _driver() -> str:
    """Return the newest CUDA that the driver knows, such as 13.0."""
    version = ctypes.c_int()
    ctypes.CDLL("libcuda.so.1").cuDriverGetVersion(ctypes.byref(version))
    major, rest = divmod(version.value, _FORMAT)
    return f"{major}.{rest // 10}"
