"""`python -m bench.gpu_check.run_check`: check this machine's first GPU, within a time."""

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch

from bench import machine
from bench.gpu_check import device_tests
from bench.gpu_check.checked_device import CheckedDevice
from bench.gpu_check.device_runs import MIB, DeviceRuns
from bench.gpu_check.gpu_report import GpuReport
from bench.gpu_check.scripted_device import scripted_device
from runner.gpu.nvidia import find_adapter

# The most that the tests may take of the time; the rest is for the figures.
_TESTS_SHARE: Final = 0.65


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="run_check", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")
    parser.add_argument("--seconds", type=float, default=440, help="time for all of it")
    parser.add_argument(
        "--scripted", action="store_true", help="a dry run on a scripted device"
    )
    return parser.parse_args(arguments)


def find_device(folder: Path, *, scripted: bool) -> CheckedDevice:
    """Return the device to check, or end the program with words if there is none."""
    if scripted:
        return scripted_device(folder)
    if torch.version.cuda is None:
        sys.exit("This torch was built without CUDA. Without a GPU: --scripted")
    adapter = find_adapter()
    for device in adapter.devices():
        return CheckedDevice(adapter=adapter, device=device)
    sys.exit("There is no NVIDIA GPU here. For a dry run: --scripted")


def facts_of(checked: CheckedDevice) -> dict[str, str]:
    """Return what the figures depend on."""
    memory = checked.adapter.memory(checked.device)
    return {
        **machine.facts(),
        "device": f"{checked.device.name}, {memory.total // MIB} MiB",
        "in use before": f"{memory.used // MIB} MiB",
        "driver": checked.device.driver,
        "torch": f"{torch.__version__}, CUDA {torch.version.cuda}",
        "python": platform.python_version(),
    }


def check(checked: CheckedDevice, *, seconds: float, out: Path) -> GpuReport:
    """Run the tests and measure, and write the report after each step."""
    begun = time.monotonic()
    report = GpuReport(facts=facts_of(checked), is_scripted=checked.is_scripted)
    files = device_tests.SCRIPTED if checked.is_scripted else device_tests.REAL
    marks = "not gpu" if checked.is_scripted else "gpu"
    until = begun + _TESTS_SHARE * seconds
    for file in files:
        _say(f"Tests: {file}")
        left = max(until - time.monotonic(), 1.0)
        report.outcomes += device_tests.run_tests(
            [file], marks, seconds=left, folder=out
        )
        report.write(out)
    runs = DeviceRuns(checked, begun + seconds)
    for name in runs.measure():
        _say(f"Measuring: {name}")
        report.figures = runs.figures()
        report.write(out)
    report.figures = runs.figures()
    report.facts["isolation level"] = runs.level
    report.facts["seconds in all"] = f"{time.monotonic() - begun:.0f}"
    report.write(out)
    return report


def main(arguments: Sequence[str]) -> int:
    """Check the device, print the report, and return the exit status."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gpu-check-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        checked = find_device(folder, scripted=options.scripted)
        report = check(checked, seconds=options.seconds, out=options.out)
    print((options.out / "gpu-check.md").read_text())
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
