"""The adapter that uses NVIDIA's management library (NVML) by ctypes, without CUDA."""

import ctypes
import logging
import threading
from collections import defaultdict
from collections.abc import Mapping
from ctypes import byref, c_char_p, c_uint, c_ulonglong, c_void_p
from typing import Any, Final

from runner.gpu.adapter import (
    GpuDevice,
    GpuExposure,
    GpuHealth,
    GpuMemory,
    GpuUnreadableError,
)
from runner.gpu.exposure import nvidia_exposure

log = logging.getLogger(__name__)

LIBRARY: Final = "libnvidia-ml.so.1"
_TEXT: Final = 96
_NOT_SUPPORTED: Final = 3
_NO_FUNCTION: Final = 13
_MISSING: Final = frozenset({_NOT_SUPPORTED, _NO_FUNCTION})
_UNCORRECTED: Final = 1
_SINCE_START: Final = 0
_XID: Final = 0x8
_MOST_EVENTS: Final = 256
_MOST_PROCESSES: Final = 256
_NOT_KNOWN: Final = 2**64 - 1


class NvmlError(GpuUnreadableError):
    """A call failed with `code`."""

    def __init__(self, function: str, code: int) -> None:
        super().__init__(f"{function} failed with NVML error {code}")
        self.code = code


class _Memory(ctypes.Structure):
    _fields_ = [("total", c_ulonglong), ("free", c_ulonglong), ("used", c_ulonglong)]


class _MemoryV2(ctypes.Structure):
    """The same figures, with the driver's own memory counted separately."""

    _fields_ = [
        ("version", c_uint),
        ("total", c_ulonglong),
        ("reserved", c_ulonglong),
        ("free", c_ulonglong),
        ("used", c_ulonglong),
    ]


class _Process(ctypes.Structure):
    _fields_ = [
        ("pid", c_uint),
        ("used", c_ulonglong),
        ("gpu_instance", c_uint),
        ("compute_instance", c_uint),
    ]


class _Event(ctypes.Structure):
    _fields_ = [
        ("device", c_void_p),
        ("kind", c_ulonglong),
        ("data", c_ulonglong),
        ("gpu_instance", c_uint),
        ("compute_instance", c_uint),
    ]


class NvmlAdapter:
    """Asks the library. Make it in the process that uses it: it does not survive a fork.

    `library` is the opened library. Raises NvmlError if it finds no driver.
    """

    def __init__(self, library: Any) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._xids: dict[str, list[int]] = defaultdict(list)
        self._call("nvmlInit_v2")
        self._events = c_void_p()
        self._gets_events = self._subscribes("nvmlEventSetCreate", byref(self._events))

    def _call(self, name: str, *arguments: object) -> None:
        function = getattr(self._library, name, None)
        code = _NO_FUNCTION if function is None else function(*arguments)
        if code != 0:
            raise NvmlError(name, code)

    def _allows(self, name: str, *arguments: object) -> bool:
        """Make a call that not every device or driver knows. Return whether it does."""
        try:
            self._call(name, *arguments)
        except NvmlError as error:
            if error.code in _MISSING:
                return False
            raise
        return True

    def _subscribes(self, name: str, *arguments: object) -> bool:
        """Ask for error reports. Return whether the device and the container give them."""
        try:
            self._call(name, *arguments)
        except NvmlError as error:
            log.warning("no Xid errors will be reported: %s", error)
            return False
        return True

    def devices(self) -> tuple[GpuDevice, ...]:
        """Return the devices that answer and are not divided into slices (MIG)."""
        count = c_uint()
        try:
            self._call("nvmlDeviceGetCount_v2", byref(count))
        except NvmlError:
            log.exception("no GPU is used, because the GPUs cannot be counted")
        found = (self._find(index) for index in range(count.value))
        return tuple(device for device in found if device is not None)

    def _find(self, index: int) -> GpuDevice | None:
        try:
            return self._describe(index)
        except NvmlError:
            log.exception("GPU %s is left out", index)
            return None

    def _describe(self, index: int) -> GpuDevice | None:
        handle, minor, slices = c_void_p(), c_uint(), c_uint()
        self._call("nvmlDeviceGetHandleByIndex_v2", c_uint(index), byref(handle))
        self._allows("nvmlDeviceGetMigMode", handle, byref(slices), byref(c_uint()))
        if slices.value:
            log.error("GPU %s is left out: it is in MIG mode", index)
            return None
        self._call("nvmlDeviceGetMinorNumber", handle, byref(minor))
        device = GpuDevice(
            uuid=self._text("nvmlDeviceGetUUID", handle),
            name=self._text("nvmlDeviceGetName", handle),
            minor=minor.value,
            driver=self._text("nvmlSystemGetDriverVersion"),
        )
        if self._gets_events:
            self._subscribes(
                "nvmlDeviceRegisterEvents", handle, c_ulonglong(_XID), self._events
            )
        return device

    def _text(self, name: str, *arguments: object) -> str:
        text = ctypes.create_string_buffer(_TEXT)
        self._call(name, *arguments, text, c_uint(_TEXT))
        return text.value.decode(errors="replace")

    def _handle(self, device: GpuDevice) -> c_void_p:
        handle = c_void_p()
        uuid = c_char_p(device.uuid.encode())
        self._call("nvmlDeviceGetHandleByUUID", uuid, byref(handle))
        return handle

    def memory(self, device: GpuDevice) -> GpuMemory:
        handle = self._handle(device)
        better = _MemoryV2(version=ctypes.sizeof(_MemoryV2) | 2 << 24)
        if self._allows("nvmlDeviceGetMemoryInfo_v2", handle, byref(better)):
            return GpuMemory(used=better.used, total=better.total - better.reserved)
        plain = _Memory()
        self._call("nvmlDeviceGetMemoryInfo", handle, byref(plain))
        return GpuMemory(used=plain.used, total=plain.total)

    def processes(self, device: GpuDevice) -> Mapping[int, int]:
        count, found = c_uint(_MOST_PROCESSES), (_Process * _MOST_PROCESSES)()
        self._call(
            "nvmlDeviceGetComputeRunningProcesses_v3",
            self._handle(device),
            byref(count),
            found,
        )
        return {
            one.pid: one.used for one in found[: count.value] if one.used != _NOT_KNOWN
        }

    def health(self, device: GpuDevice) -> GpuHealth:
        try:
            handle = self._handle(device)
            reason, errors = self._row_fault(handle), self._errors(handle)
            self._read_events()
        except NvmlError as error:
            reason, errors = str(error), 0
        with self._lock:
            xids = tuple(self._xids.pop(device.uuid, ()))
        return GpuHealth(reason=reason, errors=errors, xids=xids)

    def _row_fault(self, handle: c_void_p) -> str:
        """Return why the memory's spare rows forbid using the device, or ""."""
        rows = [c_uint() for _ in range(4)]
        pointers = [byref(row) for row in rows]
        if not self._allows("nvmlDeviceGetRemappedRows", handle, *pointers):
            return ""
        _, _, pending, failed = (row.value for row in rows)
        if failed:
            return "a row of its memory could not be replaced"
        return "it must be reset to replace a row of its memory" if pending else ""

    def _errors(self, handle: c_void_p) -> int:
        count = c_ulonglong()
        self._allows(
            "nvmlDeviceGetTotalEccErrors",
            handle,
            c_uint(_UNCORRECTED),
            c_uint(_SINCE_START),
            byref(count),
        )
        return count.value

    def _read_events(self) -> None:
        """Read the error reports that wait, and sort them by device."""
        with self._lock:
            for _ in range(_MOST_EVENTS if self._gets_events else 0):
                event = _Event()
                try:
                    self._call(
                        "nvmlEventSetWait_v2", self._events, byref(event), c_uint(0)
                    )
                    uuid = self._text("nvmlDeviceGetUUID", c_void_p(event.device))
                except NvmlError:
                    return  # no report waits, or the device is gone, as its health says
                if event.kind == _XID:
                    self._xids[uuid].append(event.data)

    def exposure(self, device: GpuDevice) -> GpuExposure:
        return nvidia_exposure(device.minor)
