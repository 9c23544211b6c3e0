"""What the commands print: text for people, or JSON for programs."""

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from softmark_cli.command_errors import CommandError, ExitCode, Finding, wrong_use

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON, for programs. Nothing is asked.")
]
# Rows of a table are cut to no width where a program reads them.
_PIPE_WIDTH: Final = 1000
_GAP: Final = "\N{REPLACEMENT CHARACTER}"
_UNITS: Final = (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024))


def plain(text: object) -> str:
    """Return text that is safe to print: each line is visible and harmless.

    SECURITY: text of a portal or a notebook could otherwise move the cursor, change
    colours or give orders to the terminal.
    """
    lines = str(text).replace("\t", "    ").splitlines()
    return "\n".join(
        "".join(each if each.isprintable() else _GAP for each in line) for line in lines
    )


def moment_words(at: dt.datetime) -> str:
    """Return a time by the clock of this machine: “Fri 04 Dec 2026, 19:00 GMT”."""
    return f"{at.astimezone():%a %d %b %Y, %H:%M %Z}"


def short_moment_words(at: dt.datetime, now: dt.datetime) -> str:
    """Return a time for a table: “Fri 04 Dec, 19:00 GMT”, with another year's number."""
    local = at.astimezone()
    year = "" if local.year == now.astimezone().year else f" {local.year}"
    return f"{local:%a %d %b}{year}, {local:%H:%M %Z}"


def size_words(size: int) -> str:
    """Return a size as people write it: 20 MB, 1.5 MB, 12 bytes."""
    for unit, step in _UNITS:
        if size >= step:
            return f"{size / step:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} byte{'' if size == 1 else 's'}"


class Output:
    """Where a command prints.

    The result goes to the standard output, and all else to the standard error, so that
    scripts can read the result alone.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console(markup=False, highlight=False, emoji=False)
        if not self.console.is_terminal:
            self.console.width = _PIPE_WIDTH
        self.notes = Console(markup=False, highlight=False, emoji=False, stderr=True)

    @property
    def asks(self) -> bool:
        """Whether there is a person who can answer a question."""
        return not self.as_json and sys.stdin.isatty()

    def say(self, text: object = "", style: str = "") -> None:
        """Print a line of the result for people."""
        if not self.as_json:
            self.console.print(Text(plain(text), style=style), soft_wrap=True)

    def note(self, text: object, style: str = "dim") -> None:
        """Print a line that is not part of the result."""
        self.notes.print(Text(plain(text), style=style), soft_wrap=True)

    def data(self, value: Any) -> None:
        """Print the result for programs."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")
            sys.stdout.flush()

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        empty: str,
        folds: str = "",
    ) -> None:
        """Print rows for people, or the words for none.

        The column `folds` takes further lines where the terminal is too narrow.
        """
        if self.as_json:
            return
        if not rows:
            self.say(empty)
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold", no_wrap=column != folds)
        for row in rows:
            table.add_row(*(Text(plain(cell)) for cell in row))
        self.console.print(table)

    def findings(self, found: Sequence[Finding], style: str) -> None:
        """Print problems or warnings, each with what to do about it."""
        for each in found:
            where = (
                f"{each.file}: " if each.file and each.file not in each.message else ""
            )
            self.note(f"• {where}{each.message}", style)
            if each.hint:
                self.note(f"  {each.hint}")

    def error(self, error: CommandError) -> None:
        """Print why the command cannot go on."""
        self.data(error.as_json())
        self.note(error.message, "bold red")
        others = [each for each in error.findings if each.message != error.message]
        self.findings(others, "red")
        if error.hint:
            self.note(error.hint, "")

    def confirm(self, question: str, *, otherwise: str) -> bool:
        """Return the person's answer, no by default.

        Raises CommandError with the words `otherwise` if there is nobody to ask.
        """
        if not self.asks:
            raise wrong_use(question, otherwise, code="nobody_to_ask")
        return typer.confirm(plain(question), default=False, err=True)

    @contextmanager
    def live_line(self) -> Iterator[Callable[[str], None]]:
        """Give a function that shows what is going on now, in place of what it was."""
        if self.as_json or not self.notes.is_terminal:
            yield self.note
            return
        with self.notes.status("") as shown:
            yield lambda words: shown.update(Text(plain(words)))

    @contextmanager
    def bytes_progress(self, title: str, total: int) -> Iterator["ByteProgress"]:
        """Give a bar of bytes, with speed and time left. Without a terminal: no bar."""
        shown = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self.notes,
            transient=True,
            disable=self.as_json or not self.notes.is_terminal,
        )
        with shown:
            yield ByteProgress(shown, title, total)


class ByteProgress:
    """How many bytes of several files are done."""

    def __init__(self, shown: Progress, title: str, total: int) -> None:
        self._shown = shown
        self._task = shown.add_task(plain(title), total=total)
        self._before = 0
        self.done = 0

    def set(self, done: int) -> None:
        """Set how many bytes of the present file are done."""
        self.done = self._before + done
        self._shown.update(self._task, completed=self.done)

    def next_file(self) -> None:
        """Begin the next file: what is done so far stays."""
        self._before = self.done


@contextmanager
def reporting(*, as_json: bool) -> Iterator[Output]:
    """Give an output, and end the program in words if the command cannot go on."""
    output = Output(as_json=as_json)
    try:
        yield output
    except CommandError as error:
        output.error(error)
        raise typer.Exit(error.exit_code) from error
    except (KeyboardInterrupt, typer.Abort) as stopped:
        output.error(
            CommandError("Stopped.", exit_code=ExitCode.STOPPED, code="stopped")
        )
        raise typer.Exit(ExitCode.STOPPED) from stopped
