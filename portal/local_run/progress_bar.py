"""The progress of a job, on a terminal or in a log."""

import os
import re
import time
import unicodedata
from collections.abc import Callable
from typing import Final, TextIO

from formats.submission_words import shown
from grading.worker.progress import Progress
from runner.protocol.jobs import CellStarted, Event

_BAR_WIDTH: Final = 20
_COLUMNS: Final = 80
_LIVE_SECONDS: Final = 0.1
# The least time between two log lines about the same cell, and about different ones.
_SAME_CELL_SECONDS: Final = 10.0
_NEXT_CELL_SECONDS: Final = 1.0
# What a notebook prints to move the cursor, to colour, or to name the window.
_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]?|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"
)
_FULL: Final = re.compile("[━#]+")
_COLOUR: Final = "\x1b[36m"
_FAINT: Final = "\x1b[2m"
_PLAIN: Final = "\x1b[0m"
# Move back to the margin, and clear the line.
_CLEAR: Final = "\r\x1b[K"


def is_coloured(out: TextIO) -> bool:
    """Return whether colour may be used: on a terminal without NO_COLOR."""
    return is_terminal(out) and not os.environ.get("NO_COLOR")


def is_terminal(out: TextIO) -> bool:
    """Return whether a line that was written can be overwritten."""
    return out.isatty() and os.environ.get("TERM") != "dumb"


class ProgressBar:
    """Shows a job's progress: one line, drawn again and again, or plain lines in a log.

    Give it the job's events, which come at least once a second, and `close` it before
    anything else is written. What the notebook printed cannot move the cursor.
    """

    def __init__(
        self, out: TextIO, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out
        self._clock = clock
        self._started = clock()
        self._progress = Progress()
        self._is_live = is_terminal(out)
        self._is_coloured = is_coloured(out)
        self._told_at = -_SAME_CELL_SECONDS
        self._told_cell = -1

    def take(self, event: Event) -> None:
        """Add the event to the progress, and show it if that is due."""
        self._progress = self._progress.after(event)
        now = self._clock()
        if now - self._told_at < self._pause(event):
            return
        self._told_at, self._told_cell = now, self._progress.cell
        text = self._live() if self._is_live else f"{self._words()}\n"
        self._write(text)

    def _pause(self, event: Event) -> float:
        """Return how long after the last output this event is worth showing."""
        if self._is_live:
            return 0 if isinstance(event, CellStarted) else _LIVE_SECONDS
        if self._progress.cell == self._told_cell:
            return _SAME_CELL_SECONDS
        return _NEXT_CELL_SECONDS if self._told_cell > 0 else 0

    def close(self) -> None:
        """Clear the line, so that the next output begins at the margin."""
        if self._is_live:
            self._write(_CLEAR)

    def _words(self) -> str:
        return "  ".join(filter(None, (*self._facts(), last_line(self._progress.tail))))

    def _facts(self) -> tuple[str, str, str]:
        progress = self._progress
        where = (
            f"cell {progress.cell} of {progress.cells}"
            if progress.cells
            else "getting ready"
        )
        memory = progress.memory_bytes / 1024**2
        elapsed = _clock_face(self._clock() - self._started)
        return where, elapsed, f"{memory:.0f} MB" if memory else ""

    def _live(self) -> str:
        where, elapsed, memory = self._facts()
        head = "  ".join(filter(None, (where, self._bar(), elapsed, memory)))
        # The last column stays free: some terminals begin a new line after it.
        room = self._columns() - 1
        if _width(head) > room:
            head = cut(f"{where}  {elapsed}", room)
        tail = cut(last_line(self._progress.tail), room - _width(head) - 2)
        return _CLEAR + self._painted(head, tail)

    def _bar(self) -> str:
        progress = self._progress
        if not progress.cells:
            return ""
        done = _BAR_WIDTH * (progress.cell - 1) // progress.cells
        full, empty = ("━", "┄") if self._has("━┄") else ("#", "-")
        return full * done + empty * (_BAR_WIDTH - done)

    def _has(self, characters: str) -> bool:
        """Return whether the terminal's encoding has these characters."""
        try:
            characters.encode(self._out.encoding or "ascii")
        except (LookupError, UnicodeEncodeError):
            return False
        return True

    def _painted(self, head: str, tail: str) -> str:
        if not self._is_coloured:
            return f"{head}  {tail}" if tail else head
        head = _FULL.sub(lambda found: f"{_COLOUR}{found[0]}{_PLAIN}", head)
        return f"{head}  {_FAINT}{tail}{_PLAIN}" if tail else head

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._out.fileno()).columns or _COLUMNS
        except (OSError, ValueError):
            return _COLUMNS

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _clock_face(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


def last_line(text: str) -> str:
    """Return the last line that is not blank, without codes that move the cursor."""
    lines = re.split(r"[\r\n]+", _ESCAPES.sub("", text))
    return next(
        (shown(line.strip(), 200) for line in reversed(lines) if line.strip()), ""
    )


def cut(text: str, columns: int) -> str:
    """Return the part of the text that fits into so many columns."""
    if _width(text) <= columns:
        return text
    while text and _width(text) >= columns:
        text = text[:-1]
    return f"{text}…" if columns > 0 else ""


def _width(text: str) -> int:
    """Return how many columns the text takes on a terminal."""
    return sum(_columns_of(character) for character in text)


def _columns_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
