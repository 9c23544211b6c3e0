"""A cell's exception is recognised as "no GPU memory left", or is another error."""

import pytest

from runner.gpu.device_faults import out_of_memory
from runner.protocol.jobs import Verdict

GIB = 1024**3
OUT = [
    ("OutOfMemoryError", "CUDA out of memory. Tried to allocate 9.00 GiB. GPU 0 has"),
    ("OutOfMemoryError", ""),
    ("AcceleratorError", "CUDA error: out of memory\nSearch for `cudaErrorMemoryAll"),
    ("RuntimeError", "CUDA driver error: out of memory"),
    ("RuntimeError", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCr"),
    ("RuntimeError", "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ("RuntimeError", "cuFFT error: CUFFT_ALLOC_FAILED"),
    ("RuntimeError", "Triton Error [CUDA]: out of memory"),
]
OTHER = [
    ("", ""),
    ("RuntimeError", "CUDA error: device-side assert triggered"),
    ("RuntimeError", "CUDA error: an illegal memory access was encountered"),
    ("RuntimeError", "DefaultCPUAllocator: can't allocate memory"),
    ("MemoryError", ""),
    ("ValueError", "not enough values to unpack"),
]


@pytest.mark.parametrize(("ename", "words"), OUT)
def test_out_of_gpu_memory_is_a_limit(ename: str, words: str) -> None:
    stop = out_of_memory(ename, words, limit_bytes=4 * GIB, cell=3)
    assert stop is not None
    assert (stop.verdict, stop.code) == (Verdict.LIMIT, "gpu_memory")
    assert stop.detail == {"bytes": 4 * GIB, "cell": 3}


@pytest.mark.parametrize(("ename", "words"), OTHER)
def test_other_errors_are_not_out_of_gpu_memory(ename: str, words: str) -> None:
    assert out_of_memory(ename, words, limit_bytes=4 * GIB, cell=3) is None
