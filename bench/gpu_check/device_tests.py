"""Runs test files in a process of their own, within a time, and gives their outcomes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.gpu_check.outcome_log import VARIABLE

_ROOT: Final = Path(__file__).resolve().parents[2]
_FOLDER: Final = "tests/runner/gpu"
REAL: Final = (f"{_FOLDER}/test_gpu_real.py", f"{_FOLDER}/test_gpu_real_jobs.py")
SCRIPTED: Final = (f"{_FOLDER}/test_gpu_real.py", f"{_FOLDER}/test_gpu_jobs.py")
# Seconds for one test, and for pytest to end once it has been asked to.
_FOR_ONE: Final = 90
_TO_END: Final = 10
_OPTIONS: Final = (
    # Neither the project's configuration nor the fixtures that need Django.
    *("-q", "-c", os.devnull, f"--rootdir={_ROOT}", "--confcutdir=tests/runner"),
    *("-p", "no:cacheprovider", "-p", "no:randomly"),
    *("-p", "bench.gpu_check.outcome_log"),
    *("--import-mode=importlib", f"--timeout={_FOR_ONE}", "-rs"),
)


@dataclass(frozen=True, kw_only=True)
class TestOutcome:
    """How one test ended: passed, failed or skipped, and why it did not pass."""

    __test__ = False

    test: str
    outcome: str
    seconds: float
    words: str = ""


def run_tests(
    files: Sequence[str], marks: str, *, seconds: float, folder: Path
) -> list[TestOutcome]:
    """Return the outcomes of the tests with these marks that ended within the time.

    If the time is over first, the last outcome is that of the run itself: `failed`.
    """
    log = folder / "outcomes.jsonl"
    log.unlink(missing_ok=True)
    running = subprocess.Popen(
        [sys.executable, "-m", "pytest", *_OPTIONS, "-m", marks, *files],
        cwd=_ROOT,
        env=_environment(log),
    )
    words = ""
    try:
        code = running.wait(seconds)
        if code not in {0, 1}:
            words = f"pytest ended with {code}"
    except subprocess.TimeoutExpired:
        words = f"stopped after {seconds:.0f} s"
        _stop(running)
    found = _read(log)
    if words or not found:
        found.append(
            TestOutcome(
                test=" ".join(files),
                outcome="failed",
                seconds=seconds,
                words=words or "no test ran",
            )
        )
    return found


def _environment(log: Path) -> Mapping[str, str]:
    return {**os.environ, VARIABLE: str(log), "PYTHONDONTWRITEBYTECODE": "1"}


def _stop(running: subprocess.Popen[bytes]) -> None:
    """Let pytest tear its fixtures down, and kill it if it does not."""
    running.send_signal(signal.SIGINT)
    try:
        running.wait(_TO_END)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()


def _read(log: Path) -> list[TestOutcome]:
    """Return one outcome for each test, the worst of its parts."""
    if not log.exists():
        return []
    found: dict[str, TestOutcome] = {}
    for line in log.read_text().splitlines():
        one = TestOutcome(**json.loads(line))
        if one.test not in found or one.outcome == "failed":
            found[one.test] = one
    return list(found.values())
