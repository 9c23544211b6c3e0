"""An IPython shell whose outputs go to the host as a notebook front end has them."""

import builtins
import getpass
import sys
from base64 import encodebytes
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.profiledir import ProfileDir
from traitlets import Type
from traitlets.config import Config

from runner.student.channel import StudentChannel
from runner.student.streams import CapturedStream, Drain


class Outlet:
    """Where outputs go once a job has begun; until then there is nowhere."""

    def __init__(self) -> None:
        self.channel: StudentChannel | None = None
        self.drain: Drain | None = None

    def connect(self, channel: StudentChannel, fds: tuple[int, int]) -> None:
        """Outputs of every kind reach the host from now on."""
        self.channel = channel
        self.drain = Drain(fds, channel.send)
        sys.stdout = CapturedStream(1, "stdout", self.drain)
        sys.stderr = CapturedStream(2, "stderr", self.drain)

    def put(self, message: dict[str, object]) -> None:
        """The output is on its way, behind all text written before it."""
        if self.channel is not None and self.drain is not None:
            if self.channel.is_mine:
                self.drain.all()
            self.channel.send_output(message)


OUTLET = Outlet()


def _plain(data: Mapping[str, Any]) -> dict[str, object]:
    """Return the data as JSON holds it: binary images as base64, as front ends do."""
    return {
        str(mime): encodebytes(value).decode() if isinstance(value, bytes) else value
        for mime, value in data.items()
    }


class HostDisplayHook(DisplayHook):
    """Sends the value of a cell's last expression as its result."""

    def write_output_prompt(self) -> None:
        """Print nothing: the front end numbers results."""

    def write_format_data(
        self, format_dict: Mapping[str, Any], md_dict: Mapping[str, Any] | None = None
    ) -> None:
        OUTLET.put(
            {"t": "result", "data": _plain(format_dict), "metadata": md_dict or {}}
        )

    def finish_displayhook(self) -> None:
        self._is_active = False


class HostDisplayPublisher(DisplayPublisher):
    """Sends what `display` shows, its updates, and the clearing of a cell's output."""

    def publish(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        *_: object,
        transient: Mapping[str, Any] | None = None,
        update: bool = False,
        **__: object,
    ) -> None:
        OUTLET.put(
            {
                "t": "update" if update else "display",
                "data": _plain(data),
                "metadata": metadata or {},
                "display_id": (transient or {}).get("display_id"),
            }
        )

    def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002 - IPython's signature
        OUTLET.put({"t": "clear", "wait": bool(wait)})


class StudentShell(InteractiveShell):
    """The shell of a job. It has no terminal, no history and no window system."""

    displayhook_class = Type(HostDisplayHook)
    display_pub_class = Type(HostDisplayPublisher)
    # As in a notebook: through a terminal of its own, so that tools write as they do
    # for a person.
    system = InteractiveShell.system_piped

    def move_in(self, home: Path) -> None:
        """What the shell keeps on disk is kept in the job's own home."""
        make: Callable[[str], Any] = ProfileDir.create_profile_dir
        self.ipython_dir = str(home / ".ipython")
        self.profile_dir = make(str(home / ".ipython" / "profile_default"))

    def enable_matplotlib(self, gui: str | None = None) -> Any:
        """Figures are shown in line, whatever the notebook asks for."""
        inherited: Callable[[str], Any] = super().enable_matplotlib
        return inherited("inline")

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: there is no window system."""

    def ask_exit(self) -> NoReturn:
        """End the cell, as `sys.exit()` does."""
        raise SystemExit

    def _showtraceback(
        self, etype: type[BaseException], evalue: object, stb: list[str]
    ) -> None:
        message: dict[str, object] = {
            "t": "error",
            "ename": str(etype.__name__),
            "evalue": _words(evalue),
            "traceback": [str(line) for line in stb],
        }
        OUTLET.put(message)


def _words(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a student's __str__ may raise anything
        return ""


def _no_input(*_: object, **__: object) -> NoReturn:
    raise StdinNotImplementedError(
        "raw_input was called, but this frontend does not support input requests."
    )


def make_shell() -> StudentShell:
    """Return the process's one shell, without history and with figures in line."""
    config = Config()
    config.HistoryManager.enabled = False
    # tqdm looks here to learn that it runs in a notebook.
    config.IPKernelApp.parent_appname = "softmark"
    shell = StudentShell.instance(config=config)
    shell.enable_matplotlib("inline")
    builtins.input = _no_input
    getpass.getpass = _no_input
    assert isinstance(shell, StudentShell)  # noqa: S101 - for the type checker
    return shell
