"""Processes in which peers run: commands, and workers that answer line by line."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

_ROOT: Final = Path(__file__).resolve().parents[2]


class PeerFailedError(Exception):
    """A peer did not do its work. `str` ends with its last output."""


def stock_environment(interpreter: Path, home: Path) -> dict[str, str]:
    """Return the environment variables of a peer: only what it needs.

    The libraries choose the number of threads. `home` is kept from run to run, so that
    font caches and profiles are made in the warm-up.
    """
    return {
        "PATH": f"{interpreter.parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(home),
        "TMPDIR": str(home),
    }


def run_command(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> str:
    """Return what the command printed; raise PeerFailedError unless it succeeds."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PeerFailedError(f"{' '.join(command)}\n{done.stdout[-4000:]}")
    return done.stdout


class Worker:
    """A module of bench.workers in a process of its own. Use it in a `with`."""

    def __init__(
        self, interpreter: Path, module: str, environment: Mapping[str, str], log: Path
    ) -> None:
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [str(interpreter), "-m", f"bench.workers.{module}"],
                cwd=_ROOT,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                bufsize=1,
            )
        self.greeting = self._hear()

    def ask(self, **request: object) -> dict[str, Any]:
        """Return the worker's answer to the request."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise PeerFailedError(self._log.read_text()[-4000:])
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._process.communicate()
