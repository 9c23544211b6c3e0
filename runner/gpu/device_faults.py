"""Faults of a device, told apart from errors that a notebook causes."""

import re
from dataclasses import dataclass
from typing import Final

from runner.gpu.adapter import GpuHealth
from runner.protocol.endings import JobEnded, limit

# Errors that a notebook can cause by itself, with an index out of bounds or a kernel
# that never ends. The driver ends that one process; the device is well. If these counted
# as our faults, a notebook could put every device out of service at no cost to itself.
NOTEBOOK_XIDS: Final = frozenset({8, 13, 31, 43, 45, 68, 69, 109})
# Messages of PyTorch's allocator, of the driver, and of libraries that ask the driver
# themselves.
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

    `needs_person` says that a later look cannot tell whether the fault is over.
    """

    reason: str
    needs_person: bool = False


def find_fault(health: GpuHealth, known_errors: int) -> Fault | None:
    """Return the fault that the device's health shows, or None.

    `known_errors` are memory errors of which we know already. Only what the driver says
    counts here, never what a notebook says.
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
    """Return the end of the job for a cell that ran out of GPU memory, else None.

    `ename` and `words` are the name and the text of the cell's exception.
    """
    if ename == "OutOfMemoryError" or _NO_MEMORY.search(words):
        return limit("gpu_memory", bytes=limit_bytes, cell=cell)
    return None
