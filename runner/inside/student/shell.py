"""An IPython shell that sends its outputs to the host in the form of a front end's."""

import builtins
import getpass
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.profiledir import ProfileDir
from traitlets import Type
from traitlets.config import Config

from runner.inside.student.bundles import plain_bundle
from runner.inside.student.channel import StudentChannel
from runner.inside.student.magics import NotebookMagics
from runner.inside.student.streams import CapturedStream, Drain
from runner.inside.student.tracebacks import NotebookTB

_PACKAGES: Final = "site-packages"


class OutputSender:
    """The sender of outputs to the host, closed until a job has begun."""

    def __init__(self) -> None:
        self.channel: StudentChannel | None = None
        self.drain: Drain | None = None

    def connect(self, channel: StudentChannel, fds: tuple[int, int]) -> None:
        """Send outputs of every kind to the host from now on."""
        self.channel = channel
        self.drain = Drain(fds, channel)
        sys.stdout = CapturedStream(1, "stdout", self.drain)
        sys.stderr = CapturedStream(2, "stderr", self.drain)

    def send(self, message: dict[str, object]) -> None:
        """Send the output after all text that was written before it."""
        if self.channel is not None and self.drain is not None:
            with self.channel.exclusive():
                self.drain.send_all()
                self.channel.send_output(message)


OUTPUT = OutputSender()


class HostDisplayHook(DisplayHook):
    """A display hook that sends the value of a cell's last expression as its result."""

    showing = False

    def write_output_prompt(self) -> None:
        """Print nothing: the front end numbers results."""

    def write_format_data(
        self, format_dict: Mapping[str, Any], md_dict: Mapping[str, Any] | None = None
    ) -> None:
        data, metadata = plain_bundle(format_dict), plain_bundle(md_dict)
        OUTPUT.send({"t": "result", "data": data, "metadata": metadata})

    def start_displayhook(self) -> None:
        self._is_active = self.showing = True

    def finish_displayhook(self) -> None:
        self._is_active = self.showing = False


class HostDisplayPublisher(DisplayPublisher):
    """A publisher that sends displays, their updates, and the clearing of the output."""

    def publish(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        *_: object,
        transient: Mapping[str, Any] | None = None,
        update: bool = False,
        **__: object,
    ) -> None:
        OUTPUT.send(
            {
                "t": "update" if update else "display",
                "data": plain_bundle(data),
                "metadata": plain_bundle(metadata),
                "display_id": (transient or {}).get("display_id"),
            }
        )

    def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002 - IPython's signature
        OUTPUT.send({"t": "clear", "wait": bool(wait)})


class CellCompiler(CachingCompiler):
    """A compiler that names the source of cells as a notebook's kernel does."""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        name = zlib.crc32(raw_code.encode("utf-8", "replace"))
        folder = Path(tempfile.gettempdir()) / f"ipykernel_{os.getpid()}"
        return str(folder / f"{name}.py")


class StudentShell(InteractiveShell):
    """The shell of a job. It has no terminal, no history and no window system."""

    displayhook_class = Type(HostDisplayHook)
    display_pub_class = Type(HostDisplayPublisher)
    compiler_class = Type(CellCompiler)
    # As in a notebook: commands run in a terminal of their own, so that tools write as
    # they do for a person.
    system = InteractiveShell.system_piped

    # The error raised while the value of a cell's last expression was shown.
    display_error: BaseException | None = None

    def init_hooks(self) -> None:
        """Keep no help text that a front end would show in a pager, as a kernel does."""
        inherited: Any = super()
        inherited.init_hooks()
        inherited.set_hook("show_in_pager", lambda *_, **__: None, 99)

    def init_traceback_handlers(self, custom_exceptions: object) -> None:
        super().init_traceback_handlers(custom_exceptions)
        make: Callable[..., Any] = NotebookTB
        self.InteractiveTB = make(mode=self.xmode, theme_name=self.colors, tb_offset=1)

    def use_folder(self, home: Path) -> None:
        """Set the shell's folder on disk and the import path for this job.

        The shell's files go into the job's own home. Modules beside the notebook can be
        imported, and do not hide Python's own.
        """
        make: Callable[[str], Any] = ProfileDir.create_profile_dir
        self.ipython_dir = str(home / ".ipython")
        self.profile_dir = make(str(home / ".ipython" / "profile_default"))
        self.user_ns["_dh"][:] = [Path.cwd()]
        sys.path[:] = [path for path in sys.path if path]
        names = [Path(path).name for path in sys.path]
        sys.path.insert([*names, _PACKAGES].index(_PACKAGES), "")

    def enable_matplotlib(self, gui: str | None = None) -> Any:
        """Show figures in line, whatever the notebook asks for."""
        inherited: Callable[[str], Any] = super().enable_matplotlib
        return inherited("inline")

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: there is no window system."""

    def ask_exit(self) -> NoReturn:
        """End the cell, as `sys.exit()` does."""
        raise SystemExit

    def _showtraceback(
        self, etype: type[BaseException], evalue: BaseException, stb: list[str]
    ) -> None:
        message: dict[str, object] = {
            "t": "error",
            "ename": str(etype.__name__),
            "evalue": text_or_empty(evalue),
            "traceback": [str(line) for line in stb],
        }
        if getattr(self.displayhook, "showing", False):
            self.display_error = evalue
        OUTPUT.send(message)


# Libraries look for this name to learn whether they run in a notebook.
StudentShell.__name__ = "ZMQInteractiveShell"


def text_or_empty(value: object) -> str:
    """Return the value's text, or "" if that fails."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a student's __str__ may raise anything
        return ""


def _refuse_input(asked: str) -> Callable[..., NoReturn]:
    """Return a function that raises the error with which a kernel refuses input."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise StdinNotImplementedError(
            f"{asked} was called, but this frontend does not support input requests."
        )

    return refuse


def make_shell() -> StudentShell:
    """Return the process's one shell, without history and with figures in line."""
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    # tqdm looks here to learn whether it runs in a notebook.
    config.IPKernelApp.parent_appname = "softmark"
    shell = StudentShell.instance(config=config)
    shell.register_magics(NotebookMagics)
    shell.enable_matplotlib("inline")
    builtins.input = _refuse_input("raw_input")
    getpass.getpass = _refuse_input("getpass")
    assert isinstance(shell, StudentShell)  # noqa: S101 - for the type checker
    return shell
