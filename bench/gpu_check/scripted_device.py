"""A scripted device for the dry run: the one of the tests, with a stand-in for CUDA."""

from pathlib import Path

from bench.gpu_check.checked_device import CheckedDevice
from tests.runner.gpu.fake_gpu import FIRST
from tests.runner.gpu.scripted_cuda import STAND_IN, JailedGpus
from tests.runner.installations import make_installation


def scripted_device(folder: Path) -> CheckedDevice:
    """Return a device whose jobs compute on the processor.

    `folder` holds their interpreter, and the users of jobs must be able to enter it.
    """
    gpus = JailedGpus(FIRST)
    return CheckedDevice(
        adapter=gpus,
        device=gpus.devices()[0],
        where="cpu",
        python=make_installation(folder / "installation", STAND_IN),
        width=64,
        steps=20,
        is_scripted=True,
    )
