"""What a snapshot knows of the processes that its notebook has started.

They are children of the notebook's process alone. `subprocess` would take a program
whose end it cannot learn for one that has succeeded.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from os import waitid  # the notebook may replace it in its module
from typing import Any, Final

from runner.system.processes import all_processes

_WORDS: Final = (
    "a process that the notebook has started runs in the notebook alone,"
    " not in the snapshot that answers: let the function that needs it start it"
)
# Processes with which `multiprocessing` and joblib help themselves: they start them again.
_HELPERS: Final = (
    ("multiprocessing.forkserver", "_forkserver", "_forkserver_pid"),
    ("multiprocessing.resource_tracker", "_resource_tracker", "_pid"),
    ("joblib.externals.loky.backend.resource_tracker", "_resource_tracker", "_pid"),
)
_KILLED: Final = 9
_DUMPED: Final = 0x80


class RunsElsewhereError(RuntimeError):
    """Raised for a process that runs in the notebook. No OSError: libraries hide these."""


@dataclass(frozen=True, kw_only=True)
class NotebookChildren:
    """The children of a notebook's process: of those that have ended, the wait status."""

    parent: int
    ended: dict[int, int]
    running: set[int]

    @classmethod
    def look(cls) -> "NotebookChildren":
        """Return the children of this process, and leave them for it to wait for."""
        found = cls(parent=os.getpid(), ended={}, running=set())
        try:
            waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return found
        for process in all_processes().values():
            if process.parent == found.parent:
                found._add(process.pid)
        return found

    def _add(self, pid: int) -> None:
        try:
            end = waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return  # a thread of the notebook's has waited for it
        if end is None:
            self.running.add(pid)
        elif end.si_code == os.CLD_EXITED:
            self.ended[pid] = end.si_status << 8
        else:
            dumped = _DUMPED if end.si_code == os.CLD_DUMPED else 0
            self.ended[pid] = end.si_status | dumped

    def adopt(self) -> None:
        """Let Python's functions in this snapshot know how each of them has ended.

        Where one still runs, they raise RunsElsewhereError.
        """
        os.register_at_fork(after_in_child=self._forget)
        self._note_helpers()
        os.waitpid = self._waiting(os.waitpid)
        os.wait = self._wait
        subprocess.Popen._internal_poll = self._polling(  # type: ignore[attr-defined]  # noqa: SLF001 - Python has no other way
            subprocess.Popen._internal_poll  # type: ignore[attr-defined]  # noqa: SLF001 - same
        )
        subprocess._active.clear()  # type: ignore[attr-defined]  # noqa: SLF001 - same
        self._adopt_processes()

    def _forget(self) -> None:
        """Forget them in a process that the snapshot forks: its children are others."""
        self.ended.clear()
        self.running.clear()

    def _note_helpers(self) -> None:
        for module, name, attribute in _HELPERS:
            pid = getattr(getattr(sys.modules.get(module), name, None), attribute, None)
            if pid in self.running:
                self.running.remove(pid)
                self.ended[pid] = _KILLED  # the host ends it with the notebook

    def _waiting(self, usual: Callable[..., tuple[int, int]]) -> Any:
        def waitpid(pid: int, options: int, /) -> tuple[int, int]:
            """Wait for completion of a given child process."""
            if pid in self.ended:
                return pid, self.ended.pop(pid)
            if pid in self.running:
                raise RunsElsewhereError(_WORDS)
            if pid == -1 and self.ended:
                return self.ended.popitem()
            try:
                return usual(pid, options)
            except ChildProcessError:
                if pid == -1 and self.running:
                    raise RunsElsewhereError(_WORDS) from None
                raise

        return waitpid

    @staticmethod
    def _wait() -> tuple[int, int]:
        """Wait for completion of a child process."""
        return os.waitpid(-1, 0)

    def _polling(self, usual: Callable[..., int | None]) -> Any:
        def poll(
            program: Any, _deadstate: int | None = None, **bound: object
        ) -> int | None:
            known = program.pid in self.ended or program.pid in self.running
            if program.returncode is not None or not known:
                return usual(program, _deadstate, **bound)
            if program.pid in self.running and _deadstate is not None:
                program.returncode = _deadstate  # the object is being deleted
            else:
                program._handle_exitstatus(os.waitpid(program.pid, os.WNOHANG)[1])  # noqa: SLF001 - Python has no other way
            code: int | None = program.returncode
            return code

        return poll

    def _adopt_processes(self) -> None:
        """Let the objects of `multiprocessing` that the notebook has made be used here."""
        module: Any = sys.modules.get("multiprocessing.process")
        if module is None:
            return
        for process in list(module._dangling):  # noqa: SLF001 - Python has no other way
            if process._parent_pid == self.parent:  # noqa: SLF001
                process._parent_pid = os.getpid()  # noqa: SLF001
        # Starting a process asks each of these whether it has ended.
        module._children.clear()  # noqa: SLF001
