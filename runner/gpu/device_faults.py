"""What is wrong with a device, and whose fault that is."""

import re
from dataclasses import dataclass
from typing import Final

from runner.gpu.adapter import GpuHealth
from runner.protocol.endings import JobEnded, limit

# What a notebook can bring about by itself, with an index out of bounds or a kernel
# that never ends. The driver ends the one process; the device is well. Were these
# faults of ours, a notebook could drain every device and be spared for it.
NOTEBOOK_XIDS: Final = frozenset({8, 13, 31, 43, 45, 68, 69, 109})
# PyTorch's allocator, the driver, and the libraries that ask the driver themselves.
_NO_MEMORY: Final = re.compile(
    r"CUDA out of memory"
    r"|CUDA (driver )?error: (out of memory|CUDA_ERROR_OUT_OF_MEMORY)"
    r"|cudaErrorMemoryAllocation"
    r"|CU(BLAS|DNN|SPARSE|SOLVER|FFT)_(STATUS_)?ALLOC_FAILED"
    r"|CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"
    r"|Triton Error \[CUDA\]: out of memory"
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why a device is out of service.

    `needs_person` if a later look cannot tell whether it is over.
    """

    reason: str
    needs_person: bool = False


def find_fault(health: GpuHealth, known_errors: int) -> Fault | None:
    """Return what is wrong with a device, if its health says that anything is.

    Only the driver's word counts here, never a notebook's.
    """
    xids = [xid for xid in health.xids if xid not in NOTEBOOK_XIDS]
    if xids:
        return Fault(reason=f"Xid {min(xids)}", needs_person=True)
    if health.reason:
        return Fault(reason=health.reason)
    if health.errors > known_errors:
        return Fault(reason=f"{health.errors} uncorrected memory errors")
    return None


def out_of_memory(
    ename: str, words: str, *, limit_bytes: int, cell: int
) -> JobEnded | None:
    """Return the limit behind a cell's exception, if it ran out of GPU memory."""
    if ename == "OutOfMemoryError" or _NO_MEMORY.search(words):
        return limit("gpu_memory", bytes=limit_bytes, cell=cell)
    return None
