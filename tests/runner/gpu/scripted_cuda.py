"""A scripted GPU for whole jobs: in the jail, a stand-in takes the place of CUDA."""

import os
from collections.abc import Mapping
from typing import Final

from runner.gpu.adapter import GpuDevice, GpuExposure
from tests.runner.gpu.fake_gpu import FakeGpus

# Runs at the start of the job's interpreter.
STAND_IN: Final = """
import sys, types
cuda = types.ModuleType("runner.inside.student.cuda")
class CudaUnwellError(Exception): pass
def start(uuid):
    if uuid == "GPU-ill": raise CudaUnwellError("no answer")
    from runner.gpu.cuda_order import CudaReport
    return CudaReport(name="Fake", capability="9.0", total_bytes=1, driver="13.0",
        cuda="13.0", cudnn="9")
def apply_order(order):
    import builtins
    builtins.settled = (order.uuid, order.memory_bytes, order.seed)
cuda.CudaUnwellError, cuda.start, cuda.apply_order = CudaUnwellError, start, apply_order
cuda.is_untouched = lambda: True
sys.modules["runner.inside.student.cuda"] = cuda
"""


class JailedGpus(FakeGpus):
    """Scripted devices with device files. Every process takes `greed` bytes."""

    greed = 0

    def exposure(self, device: GpuDevice) -> GpuExposure:
        return GpuExposure(nodes=(os.devnull,), libraries=())

    def processes(self, device: GpuDevice) -> Mapping[int, int]:
        return AllTake(self.greed)


class AllTake(dict[int, int]):
    """A mapping that gives so many bytes for every process."""

    def __init__(self, size: int) -> None:
        super().__init__({1: size})
        self.size = size

    def get(self, _pid: int, _default: object = None) -> int:
        return self.size
