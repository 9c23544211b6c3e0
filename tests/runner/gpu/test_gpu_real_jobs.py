"""Whole jobs on a real GPU, in jails: what one may do to the device and see of others.

Skipped with a reason where there is no NVIDIA GPU, or torch was built without CUDA.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from runner.gpu.nvidia import find_adapter
from runner.gpu.pool import GpuPool
from runner.host.runner import Runner
from runner.protocol.jobs import Device, JobResult, Limits, Verdict
from tests.runner.notebooks import job, text

pytestmark = [pytest.mark.torch, pytest.mark.gpu]

GIB = 1024**3
LIMITS = Limits(gpu_memory_bytes=2 * GIB, memory_bytes=8 * GIB, cell_seconds=120)
# NVML says 3 for "not supported" and 4 for "no permission".
NVML = """
import ctypes
nvml = ctypes.CDLL("libnvidia-ml.so.1")
assert nvml.nvmlInit_v2() == 0
device = ctypes.c_void_p()
assert nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(device)) == 0
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    if torch.version.cuda is None:
        pytest.skip("torch was built without CUDA")
    adapter = find_adapter()
    if not adapter.devices():
        pytest.skip("there is no NVIDIA GPU")
    runner = Runner(
        {"default": ""}, gpus=GpuPool(adapter, tmp_path_factory.mktemp("records"))
    )
    yield runner
    runner.close()


def run(host: Runner, *cells: str) -> JobResult:
    return host.run(job(*cells, device=Device.CUDA, limits=LIMITS))


def test_a_job_computes_on_the_device(host: Runner) -> None:
    result = run(host, "import torch\ntorch.ones(3, device='cuda').sum().item()")
    assert result.verdict is Verdict.COMPLETED
    assert text(result) == "3.0"


def test_row_102_memory_past_the_share_ends_with_that_limit(host: Runner) -> None:
    source = (
        "import torch\nx = torch.empty(3 * 2**30, dtype=torch.uint8, device='cuda')"
    )
    result = run(host, source)
    assert (result.verdict, result.code) == (Verdict.LIMIT, "gpu_memory")


def test_row_107_the_device_cannot_be_changed(host: Runner) -> None:
    source = (
        NVML + "print(nvml.nvmlDeviceSetPersistenceMode(device, 1),\n"
        "      nvml.nvmlDeviceSetPowerManagementLimit(device, 100_000),\n"
        "      nvml.nvmlDeviceSetComputeMode(device, 2))"
    )
    answers = text(run(host, source)).split()
    assert len(answers) == 3
    assert set(answers) <= {"3", "4"}


def test_row_107_other_processes_names_are_not_visible(host: Runner) -> None:
    source = (
        "import subprocess\nfound = subprocess.run(['nvidia-smi', '--query-compute-apps='\n"
        "    'process_name', '--format=csv,noheader'], capture_output=True, text=True)\n"
        "print([one for one in found.stdout.splitlines() if '/' in one])"
    )
    assert text(run(host, source)) == "[]\n"


def test_row_109_memory_of_another_job_cannot_be_opened(host: Runner) -> None:
    share = (
        "import torch\nx = torch.full((1024,), 7, device='cuda')\n"
        "print(x.untyped_storage()._share_cuda_()[1].hex())"
    )
    handle = text(run(host, share)).strip()
    assert handle
    source = (
        f"import ctypes\nhandle = bytes.fromhex('{handle}')\n"
        "import torch; torch.zeros(1, device='cuda')\n"
        "cuda = ctypes.CDLL('libcuda.so.1')\n"
        "class Handle(ctypes.Structure): _fields_ = [('b', ctypes.c_char * 64)]\n"
        "out, one = ctypes.c_void_p(), Handle()\n"
        "ctypes.memmove(ctypes.byref(one), handle[-64:].ljust(64), 64)\n"
        "print(cuda.cuIpcOpenMemHandle_v2(ctypes.byref(out), one, 1))"
    )
    assert text(run(host, source)).strip() not in {"", "0"}


def test_row_110_a_compiler_s_cache_is_the_job_s_own(
    host: Runner, tmp_path: Path
) -> None:
    source = (
        "import os, torch\n"
        "f = torch.compile(lambda x: torch.sin(x) + 1)\n"
        "try: f(torch.ones(8, device='cuda'))\n"
        "except Exception as error: print(type(error).__name__)\n"
        "open('/tmp/left-by-a-compiler', 'w').write('x')"
    )
    run(host, source)
    seen = run(host, "import os\nprint(sorted(os.listdir('/tmp')))")
    assert "left-by-a-compiler" not in text(seen)
    assert "torchinductor" not in text(seen)
