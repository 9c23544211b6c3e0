"""The adapter that uses `nvidia-smi`, which is slower and reports no Xid errors."""

import csv
import logging
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from runner.gpu.adapter import (
    GpuDevice,
    GpuExposure,
    GpuHealth,
    GpuMemory,
    GpuUnreadableError,
)
from runner.gpu.exposure import nvidia_exposure

log = logging.getLogger(__name__)

_MIB: Final = 1024**2
_SECONDS: Final = 20
_PLAIN: Final = "--format=csv,noheader,nounits"
_INFORMATION: Final = Path("/proc/driver/nvidia/gpus")


class SmiAdapter:
    """Asks the program at the path `program`, and for nodes' numbers the driver's folder."""

    def __init__(self, program: str, information: Path = _INFORMATION) -> None:
        self._program = program
        self._information = information

    def _ask(self, query: str, *arguments: str) -> list[list[str]]:
        """Return the rows of the program's answer. Raises GpuUnreadableError."""
        try:
            done = subprocess.run(  # noqa: S603 - the driver's own program
                [self._program, *arguments, query, _PLAIN],
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise GpuUnreadableError(f"nvidia-smi failed: {error}") from error
        width = query.count(",") + 1
        rows = csv.reader(done.stdout.splitlines(), skipinitialspace=True)
        return [row for row in rows if len(row) == width]

    def _ask_about(self, device: GpuDevice, *fields: str) -> Sequence[str]:
        rows = self._ask(f"--query-gpu={','.join(fields)}", f"--id={device.uuid}")
        if len(rows) != 1:
            raise GpuUnreadableError(f"nvidia-smi does not list GPU {device.uuid}")
        return rows[0]

    def devices(self) -> tuple[GpuDevice, ...]:
        try:
            rows = self._ask("--query-gpu=uuid,name,driver_version,mig.mode.current")
        except GpuUnreadableError as error:
            log.info("no GPU: %s", error)
            return ()
        minors = self._minors()
        found = []
        for uuid, name, driver, slices in rows:
            if slices == "Enabled" or uuid not in minors:
                log.error("GPU %s is left out: in MIG mode, or without a node", uuid)
                continue
            device = GpuDevice(uuid=uuid, name=name, minor=minors[uuid], driver=driver)
            found.append(device)
        return tuple(found)

    def _minors(self) -> dict[str, int]:
        """Return the number of each device's node by its UUID, as the driver says."""
        found = {}
        for path in self._information.glob("*/information"):
            lines = [line.split(":", 1) for line in path.read_text().splitlines()]
            facts = {one[0].strip(): one[-1].strip() for one in lines}
            if facts.get("Device Minor", "").isdigit():
                found[facts.get("GPU UUID", "")] = int(facts["Device Minor"])
        return found

    def memory(self, device: GpuDevice) -> GpuMemory:
        used, total = self._ask_about(device, "memory.used", "memory.total")
        try:
            return GpuMemory(used=int(used) * _MIB, total=int(total) * _MIB)
        except ValueError:
            raise GpuUnreadableError(
                f"nvidia-smi does not report the memory of GPU {device.uuid}"
            ) from None

    def processes(self, device: GpuDevice) -> Mapping[int, int]:
        rows = self._ask(
            "--query-compute-apps=pid,used_gpu_memory", f"--id={device.uuid}"
        )
        return {
            int(pid): int(used) * _MIB
            for pid, used in rows
            if pid.isdigit() and used.isdigit()
        }

    def health(self, device: GpuDevice) -> GpuHealth:
        try:
            (errors,) = self._ask_about(device, "ecc.errors.uncorrected.volatile.total")
        except GpuUnreadableError as error:
            return GpuHealth(reason=str(error))
        # A device without such a count says so in words.
        return GpuHealth(errors=int(errors) if errors.isdigit() else 0)

    def exposure(self, device: GpuDevice) -> GpuExposure:
        return nvidia_exposure(device.minor)
