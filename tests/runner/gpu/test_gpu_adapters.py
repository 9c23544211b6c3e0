"""The adapters read the driver's library and program, or notice that none is there."""

import ctypes
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.gpu import nvidia, nvml
from runner.gpu.adapter import GpuDevice, GpuUnreadableError
from runner.gpu.exposure import nvidia_exposure
from runner.gpu.nvidia_smi import SmiAdapter
from runner.gpu.nvml import NvmlAdapter, NvmlError

GIB = 1024**3
MIB = 1024**2
UUID = "GPU-0c5d"
DEVICE = GpuDevice(uuid=UUID, name="H", minor=3)
HANDLE = 0x7F00_1234_5678
NOT_SUPPORTED, TIMEOUT, LOST = 3, 10, 15


class FakeLibrary:
    """NVML as a table of functions that fill in their arguments."""

    def __init__(self) -> None:
        self.fails: dict[str, int] = {}
        self.slices = 0
        self.rows = (0, 0, 0, 0)
        self.errors = 0
        self.events: list[tuple[int, int]] = []

    def __getattr__(self, name: str) -> Callable[..., int]:
        if not name.startswith("nvml"):
            raise AttributeError(name)  # no such function, or no answer for it

        def call(*arguments: Any) -> int:
            if name in self.fails:
                return self.fails[name]
            answer = getattr(self, f"_{name.lower()}", None)
            result = answer(*arguments) if answer is not None else 0
            return int(result or 0)

        return call

    def _nvmldevicegetcount_v2(self, count: Any) -> None:
        count._obj.value = 1

    def _nvmldevicegethandlebyindex_v2(self, _index: Any, handle: Any) -> None:
        handle._obj.value = HANDLE

    def _nvmldevicegethandlebyuuid(self, uuid: Any, handle: Any) -> int:
        handle._obj.value = HANDLE
        return 0 if uuid.value == UUID.encode() else 6

    def _nvmldevicegetmigmode(self, _handle: Any, now: Any, _later: Any) -> None:
        now._obj.value = self.slices

    def _nvmldevicegetminornumber(self, _handle: Any, minor: Any) -> None:
        minor._obj.value = 3

    def _nvmldevicegetuuid(self, handle: Any, text: Any, _length: Any) -> None:
        assert handle.value == HANDLE
        text.value = UUID.encode()

    def _nvmldevicegetname(self, _handle: Any, text: Any, _length: Any) -> None:
        text.value = b"NVIDIA H"

    def _nvmlsystemgetdriverversion(self, text: Any, _length: Any) -> None:
        text.value = b"580.1"

    def _nvmldevicegetmemoryinfo_v2(self, _handle: Any, memory: Any) -> None:
        assert memory._obj.version == 0x2000028
        memory._obj.total, memory._obj.reserved = 80 * GIB, GIB
        memory._obj.used = 5 * GIB

    def _nvmldevicegetmemoryinfo(self, _handle: Any, memory: Any) -> None:
        memory._obj.total, memory._obj.used = 80 * GIB, 6 * GIB

    def _nvmldevicegetcomputerunningprocesses_v3(
        self, _handle: Any, count: Any, found: Any
    ) -> None:
        assert count._obj.value == len(found)
        count._obj.value = 2
        found[0].pid, found[0].used = 11, GIB
        found[1].pid, found[1].used = 12, 2**64 - 1

    def _nvmldevicegetremappedrows(self, _handle: Any, *rows: Any) -> None:
        for row, value in zip(rows, self.rows, strict=True):
            row._obj.value = value

    def _nvmldevicegettotaleccerrors(
        self, _handle: Any, _kind: Any, _since: Any, count: Any
    ) -> None:
        count._obj.value = self.errors

    def _nvmleventsetwait_v2(self, _events: Any, event: Any, wait: Any) -> int:
        assert wait.value == 0
        if not self.events:
            return TIMEOUT
        event._obj.device = HANDLE
        event._obj.kind, event._obj.data = self.events.pop(0)
        return 0


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


def test_a_device_is_described(library: FakeLibrary) -> None:
    (device,) = NvmlAdapter(library).devices()
    assert device == GpuDevice(uuid=UUID, name="NVIDIA H", minor=3, driver="580.1")


def test_memory_that_the_driver_keeps_is_not_given_to_jobs(
    library: FakeLibrary,
) -> None:
    memory = NvmlAdapter(library).memory(DEVICE)
    assert (memory.used, memory.total) == (5 * GIB, 79 * GIB)


def test_memory_is_read_from_an_old_driver_too(library: FakeLibrary) -> None:
    library.fails["nvmlDeviceGetMemoryInfo_v2"] = NOT_SUPPORTED
    memory = NvmlAdapter(library).memory(DEVICE)
    assert (memory.used, memory.total) == (6 * GIB, 80 * GIB)


def test_a_process_with_unknown_memory_is_left_out(library: FakeLibrary) -> None:
    assert NvmlAdapter(library).processes(DEVICE) == {11: GIB}


def test_a_healthy_device_reports_no_fault(library: FakeLibrary) -> None:
    health = NvmlAdapter(library).health(DEVICE)
    assert (health.reason, health.errors, health.xids) == ("", 0, ())


def test_memory_errors_and_fault_reports_are_read(library: FakeLibrary) -> None:
    library.errors, library.rows = 2, (0, 0, 1, 0)
    library.events = [(8, 48), (1, 0), (8, 63)]
    adapter = NvmlAdapter(library)
    health = adapter.health(DEVICE)
    assert (health.errors, health.xids) == (2, (48, 63))
    assert "reset" in health.reason
    assert adapter.health(DEVICE).xids == ()


def test_a_lost_device_is_faulty_and_its_memory_unreadable(
    library: FakeLibrary,
) -> None:
    adapter = NvmlAdapter(library)
    library.fails["nvmlDeviceGetHandleByUUID"] = LOST
    assert "15" in adapter.health(DEVICE).reason
    with pytest.raises(GpuUnreadableError):
        adapter.memory(DEVICE)


@pytest.mark.parametrize(
    "missing",
    [
        "nvmlDeviceGetTotalEccErrors",
        "nvmlDeviceGetRemappedRows",
        "nvmlDeviceGetMigMode",
    ],
)
def test_a_device_without_such_a_counter_is_healthy(
    library: FakeLibrary, missing: str
) -> None:
    library.fails[missing] = NOT_SUPPORTED
    adapter = NvmlAdapter(library)
    assert len(adapter.devices()) == 1
    assert adapter.health(DEVICE).reason == ""


@pytest.mark.parametrize("refused", ["nvmlEventSetCreate", "nvmlDeviceRegisterEvents"])
def test_devices_are_found_in_a_container_without_error_reports(
    library: FakeLibrary, refused: str
) -> None:
    library.fails[refused] = 999
    assert len(NvmlAdapter(library).devices()) == 1


def test_a_divided_or_silent_device_is_left_out(
    library: FakeLibrary,
) -> None:
    adapter = NvmlAdapter(library)
    library.slices = 1
    assert adapter.devices() == ()
    library.slices = 0
    library.fails["nvmlDeviceGetName"] = LOST
    assert adapter.devices() == ()
    library.fails = {"nvmlDeviceGetCount_v2": LOST}
    assert adapter.devices() == ()


def test_a_library_without_a_driver_is_not_used(library: FakeLibrary) -> None:
    library.fails["nvmlInit_v2"] = 9
    with pytest.raises(NvmlError):
        NvmlAdapter(library)


def test_the_structures_have_the_driver_s_sizes() -> None:
    sizes = [
        ctypes.sizeof(one)
        for one in (nvml._Memory, nvml._MemoryV2, nvml._Process, nvml._Event)
    ]
    assert sizes == [24, 40, 24, 32]


# --- nvidia-smi ---------------------------------------------------------------

ANSWERS = f"""#!{sys.executable}
import sys
query = next(one for one in sys.argv if one.startswith("--query"))
print({{
    "--query-gpu=uuid,name,driver_version,mig.mode.current":
        "{UUID}, NVIDIA H, 580.1, [N/A]\\nGPU-cut, NVIDIA H, 580.1, Enabled",
    "--query-gpu=memory.used,memory.total": "512, 81559",
    "--query-gpu=ecc.errors.uncorrected.volatile.total": "[N/A]",
    "--query-compute-apps=pid,used_gpu_memory": "11, 1024\\n12, [N/A]",
}}[query])
"""


@pytest.fixture
def smi(tmp_path: Path) -> SmiAdapter:
    program = tmp_path / "nvidia-smi"
    program.write_text(ANSWERS)
    program.chmod(0o755)
    folder = tmp_path / "gpus" / "0000:01:00.0"
    folder.mkdir(parents=True)
    (folder / "information").write_text(
        f"Model: \t NVIDIA H\nGPU UUID: \t {UUID}\nDevice Minor: \t 3\n"
    )
    return SmiAdapter(str(program), tmp_path / "gpus")


def test_nvidia_smi_s_output_is_read(smi: SmiAdapter) -> None:
    (device,) = smi.devices()
    assert device == GpuDevice(uuid=UUID, name="NVIDIA H", minor=3, driver="580.1")
    memory = smi.memory(device)
    assert (memory.used, memory.total) == (512 * MIB, 81559 * MIB)
    assert smi.processes(device) == {11: GIB}
    assert smi.health(device).reason == ""


def test_if_nvidia_smi_fails_no_device_is_healthy(tmp_path: Path) -> None:
    smi = SmiAdapter(str(tmp_path / "none"), tmp_path)
    assert smi.devices() == ()
    assert "failed" in smi.health(DEVICE).reason
    with pytest.raises(GpuUnreadableError):
        smi.memory(DEVICE)


# --- Neither ------------------------------------------------------------------


def test_a_host_without_a_driver_has_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia, "LIBRARY", "libnone.so.1")
    monkeypatch.setattr(nvidia, "_PROGRAM", "no-such-program")
    assert nvidia.find_adapter().devices() == ()


def test_the_host_side_never_imports_torch() -> None:
    code = (
        "import sys, runner.gpu.lease, runner.gpu.nvidia; "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- Files shown in a jail --------------------------------------------------------


def make_files(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_a_jail_shows_only_its_own_device_file(tmp_path: Path) -> None:
    make_files(tmp_path, *(f"dev/nvidia{number}" for number in range(4)))
    make_files(tmp_path, "dev/nvidiactl", "dev/nvidia-uvm", "dev/nvidia-modeset")
    nodes = nvidia_exposure(1, tmp_path).nodes
    assert nodes == tuple(
        f"{tmp_path}/dev/{name}" for name in ("nvidia1", "nvidiactl", "nvidia-uvm")
    )
    make_files(tmp_path, "dev/nvidia-uvm-tools")
    assert nvidia_exposure(1, tmp_path).nodes[3:] == (
        f"{tmp_path}/dev/nvidia-uvm-tools",
    )


def test_a_missing_device_file_is_still_named(tmp_path: Path) -> None:
    assert len(nvidia_exposure(0, tmp_path).nodes) == 3


def test_the_driver_s_libraries_are_found_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    folder = "usr/local/nvidia/lib64"
    make_files(tmp_path, f"{folder}/libcuda.so.1", f"{folder}/libnvidia-ml.so.1")
    make_files(tmp_path, f"{folder}/libother.so.1")
    names = [Path(one).name for one in nvidia_exposure(0, tmp_path).libraries]
    assert names == ["libcuda.so.1", "libnvidia-ml.so.1"]
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path / "first"))
    make_files(tmp_path, "first/libcuda.so.1")
    assert nvidia_exposure(0, tmp_path).libraries == (
        str(tmp_path / "first/libcuda.so.1"),
    )
