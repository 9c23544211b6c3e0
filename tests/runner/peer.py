"""Runs notebooks with nbclient and a stock kernel, several at a time.

`python -m tests.runner.peer JOBS` reads a list of `PeerJob`s and writes each result
beside its notebook, so that all of them need one start of an interpreter.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import nbformat
from nbclient import NotebookClient

from runner.system.environment import TOOLS, literal_environment

ROOT: Final = Path(__file__).resolve().parents[2]
_AT_A_TIME: Final = 6
_TIMEOUT: Final = 400
# Kernels that start at once sometimes take each other's ports. One of them then waits
# for ever, and is started again.
_START_SECONDS: Final = 60
_TRIES: Final = 2


@dataclass(frozen=True, kw_only=True)
class PeerJob:
    """A notebook to run in `folder`; a cell is interrupted after `cell_seconds`."""

    notebook: str
    folder: str
    cell_seconds: int = 30

    @property
    def executed(self) -> Path:
        """The path of the executed notebook."""
        return Path(self.notebook).with_suffix(".executed")

    @property
    def problem(self) -> Path:
        """The path of the name of the exception that ended the run early, if any."""
        return Path(self.notebook).with_suffix(".problem")


def run_with_nbclient(jobs: Sequence[PeerJob], scratch: Path) -> None:
    """Run all jobs, in the environment that a zygote has."""
    listing = scratch / "jobs.json"
    listing.write_text(json.dumps([asdict(job) for job in jobs]))
    # Kept between runs: matplotlib lists the fonts there, which takes seconds.
    home = ROOT / "build" / "peer"
    home.mkdir(parents=True, exist_ok=True)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    # Variables that a kernel sets by itself are left out.
    plain = literal_environment(str(home)).items() - TOOLS.items()
    done = subprocess.run(
        [sys.executable, "-m", "tests.runner.peer", str(listing)],
        cwd=ROOT,
        env={**dict(plain), "PATH": path, "PYTHONSAFEPATH": ""},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr


async def _run(job: PeerJob, gate: asyncio.Semaphore) -> None:
    async with gate:
        for _ in range(_TRIES):
            with suppress(TimeoutError):
                async with asyncio.timeout(_START_SECONDS + 2 * job.cell_seconds):
                    return await _execute(job)
    raise SystemExit(f"the kernel for {job.notebook} answers nothing")


async def _execute(job: PeerJob) -> None:
    notebook = nbformat.read(job.notebook, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        timeout=job.cell_seconds,
        interrupt_on_timeout=True,
        startup_timeout=_TIMEOUT,
        resources={"metadata": {"path": job.folder}},
    )
    try:
        await client.async_execute()
    except Exception as error:  # noqa: BLE001 - which one, the test asks
        job.problem.write_text(type(error).__name__)
    job.executed.write_text(json.dumps(notebook))


async def _run_all(jobs: Sequence[PeerJob]) -> None:
    gate = asyncio.Semaphore(_AT_A_TIME)
    await asyncio.gather(*(_run(job, gate) for job in jobs))


if __name__ == "__main__":
    asyncio.run(
        _run_all([PeerJob(**one) for one in json.loads(Path(sys.argv[1]).read_text())])
    )
