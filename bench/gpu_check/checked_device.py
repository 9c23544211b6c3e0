"""The device that is checked, and the notebooks that are run on it."""

from dataclasses import dataclass
from typing import Final

from bench.work import code_cell, to_notebook
from runner.gpu.adapter import GpuAdapter, GpuDevice
from runner.protocol.jobs import Device, JobSpec, Limits

GIB: Final = 1024**3
_SMALL_SHARE: Final = 2 * GIB
_LARGEST_SHARE: Final = 8 * GIB

_TRAIN: Final = """\
import torch
torch.manual_seed(0)
device = "{device}"
net = torch.nn.Sequential(
    torch.nn.Linear({width}, {width}), torch.nn.ReLU(), torch.nn.Linear({width}, 10)
).to(device)
images = torch.randn(256, {width}, device=device)
labels = torch.arange(256, device=device) % 10
optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
losses = []
for step in range({steps}):
    loss = torch.nn.functional.cross_entropy(net(images), labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    losses.append(loss.detach())
assert losses[-1].item() < losses[0].item()"""
_HOLD: Final = """\
import torch
held = torch.zeros({size}, dtype=torch.uint8, device="{device}")
assert held[-1].item() == 0"""
# Longer than `look_seconds`, so that the host sees the memory of the process.
_WAIT: Final = """\
import time, torch
assert torch.zeros(1, device="{device}").item() == 0
time.sleep(2.5)"""


@dataclass(frozen=True, kw_only=True)
class CheckedDevice:
    """One device, and what is run on it.

    `where` is torch's name of the device. `python` is the interpreter of jobs, "" for the
    one that runs now. With `is_scripted` there is no GPU, so no figure means anything.
    """

    adapter: GpuAdapter
    device: GpuDevice
    where: str = "cuda"
    python: str = ""
    width: int = 1024
    steps: int = 200
    is_scripted: bool = False

    @property
    def used(self) -> int:
        """The bytes of the device's memory that are in use."""
        return self.adapter.memory(self.device).used

    @property
    def large_share(self) -> int:
        """The bytes that the job with the most memory declares."""
        return min(_LARGEST_SHARE, self.adapter.memory(self.device).total // 2)

    def train(self, *, times: int = 1) -> str:
        """Return code that trains a small network, for `times` as many steps as usual."""
        return _TRAIN.format(
            device=self.where, width=self.width, steps=self.steps * times
        )

    def hold(self) -> str:
        """Return code that holds most of the large share."""
        size = 1 if self.is_scripted else self.large_share // 4 * 3
        return _HOLD.format(device=self.where, size=size)

    def wait(self, *, on: Device = Device.CUDA) -> str:
        """Return code that puts one number on the device and then sleeps for 2.5 seconds."""
        return _WAIT.format(device=self.where if on is Device.CUDA else "cpu")

    def job(
        self, code: str, *, on: Device = Device.CUDA, share: int = _SMALL_SHARE
    ) -> JobSpec:
        """Return a job of one cell. `share` is in bytes."""
        return JobSpec(
            job_id="gpu-check",
            environment="default",
            notebook=to_notebook([code_cell(code)]),
            notebook_name="work.ipynb",
            device=on,
            limits=Limits(memory_bytes=8 * GIB, gpu_memory_bytes=share),
        )
