"""Finding an adapter to this host's NVIDIA GPUs."""

import ctypes
import logging
import shutil
from typing import Final

from runner.gpu.adapter import GpuAdapter, GpuUnreadableError
from runner.gpu.nvidia_smi import SmiAdapter
from runner.gpu.nvml import LIBRARY, NvmlAdapter

log = logging.getLogger(__name__)

_PROGRAM: Final = "nvidia-smi"


def find_adapter() -> GpuAdapter:
    """Return an adapter to the host's GPUs; it knows of none if there are none.

    The driver's library is preferred to the program that comes with it.
    """
    try:
        return NvmlAdapter(ctypes.CDLL(LIBRARY))
    except (OSError, GpuUnreadableError) as error:
        log.info("%s cannot be used: %s", LIBRARY, error)
    return SmiAdapter(shutil.which(_PROGRAM) or _PROGRAM)
