"""Measures runs on a device: their times, their memory, and how it comes back."""

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.gpu_check.checked_device import CheckedDevice
from runner.gpu.admission import Reservation
from runner.gpu.gpu_policy import GpuPolicy
from runner.gpu.pool import GpuPool, Watched
from runner.host.runner import Runner
from runner.protocol.jobs import Device, JobResult, JobSpec, Verdict

MIB: Final = 1024**2
_REPEATS: Final = 4
_COLD_REPEATS: Final = 2
_LONGER: Final = 20
_SPARE_SECONDS: Final = 60
_PAUSE_SECONDS: Final = 0.02

COLD: Final = "first run of a new runner"
PLAIN: Final = "plain python"
WARM: Final = "run in a warm runner"
SPARE: Final = "run with a spare ready"
ALONE: Final = "longer run, alone"
SHARED: Final = "two longer runs at once, until both end"
CONTEXT: Final = "GPU memory of CUDA in a process"
RESIDENT: Final = "memory that CUDA adds to a process"
KEPT: Final = "GPU memory still in use after a job"
RETURN: Final = "until the share is given back"
_UNITS: Final = {CONTEXT: "MiB", RESIDENT: "MiB", KEPT: "MiB"}


class GpuRunFailedError(Exception):
    """A run that must succeed did not. `str` says how it ended."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """The values of one measurement, and words if some or all could not be taken."""

    name: str
    values: tuple[float, ...] = ()
    unit: str = "s"
    words: str = ""


class TimedPool(GpuPool):
    """A pool that notes how many seconds each share took to be given back."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.returns: list[float] = []

    def give_back(self, watched: Watched, reservation: Reservation) -> None:
        """Time what the pool does."""
        begun = time.perf_counter()
        super().give_back(watched, reservation)
        self.returns.append(time.perf_counter() - begun)


@dataclass
class DeviceRuns:
    """Runs on one device. No step begins after the deadline, by `time.monotonic`."""

    checked: CheckedDevice
    deadline: float
    found: dict[str, list[float]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    level: str = ""

    def figures(self) -> list[Figure]:
        """Return all figures, including those that could not be measured."""
        return [
            Figure(
                name=name,
                values=tuple(self.found.get(name, ())),
                unit=_UNITS.get(name, "s"),
                words=self.words.get(name, ""),
            )
            for names in _STEPS.values()
            for name in names
        ]

    def measure(self) -> Iterator[str]:
        """Measure one thing after another, and yield the name of each before it."""
        for step, names in _STEPS.items():
            yield names[0]
            words = "no time was left"
            if time.monotonic() < self.deadline:
                words = self._try(step)
            self.words.update(dict.fromkeys(names if words else (), words))

    def _try(self, step: Callable[["DeviceRuns"], None]) -> str:
        """Run the step. Return its error as text, or "" if it succeeded."""
        try:
            step(self)
        except Exception as error:  # noqa: BLE001 - the other steps are taken anyway
            return f"{type(error).__name__}: {error}"
        return ""

    # --- The measurements -------------------------------------------------------

    def cold(self) -> None:
        """Time a runner's start together with its first run."""
        for _ in range(_COLD_REPEATS):
            begun = time.perf_counter()
            with self._runner() as (runner, _pool):
                self._run(runner, self.checked.job(self.checked.train()))
                self._add(COLD, time.perf_counter() - begun)

    def warm(self) -> None:
        """Time plain python and a run in a warm runner without spares, in turns."""
        with self._runner() as (runner, _pool):
            job = self.checked.job(self.checked.train())
            self._run(runner, job)
            for _ in self._turns():
                self._add(PLAIN, self._plain_seconds())
                self._add(WARM, self._seconds(lambda: self._run(runner, job)))

    def spare(self) -> None:
        """Time a run for which a process with CUDA is ready."""
        with self._runner(spares=1) as (runner, _pool):
            job = self.checked.job(self.checked.train())
            self._run(runner, job)
            for _ in self._turns():
                _wait_for_spare(runner)
                self._add(SPARE, self._seconds(lambda: self._run(runner, job)))

    def sharing(self) -> None:
        """Time a longer run alone, and two of them at once."""
        job = self.checked.job(self.checked.train(times=_LONGER))
        with self._runner() as (runner, _pool), ThreadPoolExecutor(2) as threads:

            def both() -> None:
                list(threads.map(lambda one: self._run(runner, one), (job, job)))

            self._run(runner, job)
            for _ in range(2):
                self._add(ALONE, self._seconds(lambda: self._run(runner, job)))
                self._add(SHARED, self._seconds(both))

    def memory(self) -> None:
        """Measure what CUDA takes in a process, on the device and beside it."""
        checked = self.checked
        on_cpu = checked.job(checked.wait(on=Device.CPU), on=Device.CPU)
        on_gpu = checked.job(checked.wait())
        with self._runner() as (runner, _pool):
            for _ in range(2):
                plain = self._run(runner, on_cpu).measures.peak_memory_bytes
                before = checked.used
                with _most_used(checked) as most:
                    result = self._run(runner, on_gpu)
                self._add(CONTEXT, (max(most) - before) / MIB)
                added = result.measures.peak_memory_bytes - plain
                self._add(RESIDENT, added / MIB)

    def giving_back(self) -> None:
        """Measure how soon, and how exactly, a large job's memory comes back."""
        checked = self.checked
        job = checked.job(checked.hold(), share=checked.large_share)
        with self._runner() as (runner, pool):
            for _ in self._turns():
                before = checked.used
                self._run(runner, job)
                self._add(KEPT, (checked.used - before) / MIB)
                self._add(RETURN, pool.returns[-1])

    # --- What they share --------------------------------------------------------

    def _turns(self) -> Iterator[int]:
        """Count the repeats, as long as there is time."""
        for turn in range(_REPEATS):
            if turn and time.monotonic() >= self.deadline:
                return
            yield turn

    @contextlib.contextmanager
    def _runner(self, spares: int = 0) -> Iterator[tuple[Runner, TimedPool]]:
        """Give a runner with a pool of this device alone, and close both."""
        with tempfile.TemporaryDirectory(prefix="gpu-check-") as folder:
            pool = TimedPool(
                self.checked.adapter,
                Path(folder),
                policy=GpuPolicy(spares=spares),
                only=[self.checked.device.uuid],
            )
            environments = {"default": self.checked.python}
            with contextlib.closing(
                Runner(environments, spares=0, gpus=pool)
            ) as runner:
                yield runner, pool

    def _run(self, runner: Runner, job: JobSpec) -> JobResult:
        result = runner.run(job)
        self.level = result.measures.level
        if result.verdict is not Verdict.COMPLETED:
            raise GpuRunFailedError(
                f"{result.verdict} {result.code} {dict(result.detail)}"
            )
        return result

    def _plain_seconds(self) -> float:
        command = [sys.executable, "-c", self.checked.train()]
        return self._seconds(lambda: subprocess.run(command, check=True))

    def _seconds(self, call: Callable[[], object]) -> float:
        begun = time.perf_counter()
        call()
        return time.perf_counter() - begun

    def _add(self, name: str, value: float) -> None:
        self.found.setdefault(name, []).append(value)


# What decides the settings of GpuPolicy comes early: time may run out.
_STEPS: Final[dict[Callable[[DeviceRuns], None], tuple[str, ...]]] = {
    DeviceRuns.cold: (COLD,),
    DeviceRuns.giving_back: (KEPT, RETURN),
    DeviceRuns.memory: (CONTEXT, RESIDENT),
    DeviceRuns.warm: (PLAIN, WARM),
    DeviceRuns.spare: (SPARE,),
    DeviceRuns.sharing: (ALONE, SHARED),
}


def _wait_for_spare(runner: Runner) -> None:
    """Wait until a process is ready for the next run."""
    until = time.monotonic() + _SPARE_SECONDS
    while not any(runner._spares._ready.values()):  # noqa: SLF001 - as in bench.spans
        if time.monotonic() > until:
            raise GpuRunFailedError("no spare was made")
        time.sleep(_PAUSE_SECONDS)


@contextlib.contextmanager
def _most_used(checked: CheckedDevice) -> Iterator[list[int]]:
    """Give a list of the bytes in use on the device, many times a second."""
    seen = [checked.used]
    over = threading.Event()

    def look() -> None:
        while not over.wait(_PAUSE_SECONDS):
            seen.append(checked.used)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
