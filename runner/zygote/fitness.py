"""Whether a zygote may fork: if in doubt, it gives itself up for another."""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch

_NOT_INITIALISED: Final = 3  # CUDA_ERROR_NOT_INITIALIZED


def threads() -> int:
    """Return how many threads this process has, as the kernel counts them."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("Threads:"):
            return int(line.split()[1])
    return 0


def driver_answer() -> int:
    """Return what the CUDA driver says to a question before its initialisation.

    torch cannot be asked: it does not know of a library that spoke to the driver
    directly. Without a driver there is nothing to touch.
    """
    if torch.version.cuda is None:
        return _NOT_INITIALISED
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return _NOT_INITIALISED
    return int(driver.cuDeviceGetCount(ctypes.byref(ctypes.c_int())))


def unfitness(ask_driver: Callable[[], int] = driver_answer) -> str:
    """Return why this process must not fork a job, or "" if it may."""
    if threads() != 1:
        # A lock that another thread holds would stay locked in the child for ever.
        return "more than one thread"
    in_use: Callable[[], bool] = torch.cuda.is_initialized
    if in_use() or ask_driver() != _NOT_INITIALISED:
        # A child could not use the device.
        return "CUDA is in use"
    return ""
