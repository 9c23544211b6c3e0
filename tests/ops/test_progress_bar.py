"""The progress bar of `run_notebook`: one line on a terminal, plain lines in a log."""

import io
import re

import pytest

from portal.local_run.progress_bar import ProgressBar, cut, last_line
from runner.protocol.jobs import CellStarted, OutputAdded, Usage

CLEAR = "\r\x1b[K"


class Terminal(io.StringIO):
    """A terminal of 80 columns."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Ascii(Terminal):
    encoding = "ascii"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def last_shown(out: io.StringIO) -> str:
    """Return the line shown now, without colour."""
    return re.sub(r"\x1b\[\d+m", "", out.getvalue().rpartition(CLEAR)[2])


def test_the_line_shows_cell_time_memory_and_the_last_output() -> None:
    out, clock = Terminal(), Clock()
    bar = ProgressBar(out, clock=clock)
    bar.take(Usage(seconds=0, memory_bytes=300 * 1024**2))
    bar.take(CellStarted(cell=3, cells=4))
    clock.now = 65
    bar.take(OutputAdded(cell=3, tail="epoch 1\nepoch 2\n"))
    assert (
        last_shown(out) == f"cell 3 of 4  {'━' * 10}{'┄' * 10}  1:05  300 MB  epoch 2"
    )


def test_the_bar_is_one_line_that_is_removed_at_the_end() -> None:
    out = Terminal()
    bar = ProgressBar(out, clock=Clock())
    for number in range(1, 4):
        bar.take(CellStarted(cell=number, cells=3))
    bar.close()
    assert "\n" not in out.getvalue()
    assert out.getvalue().endswith(CLEAR)


def test_the_bar_never_fills_the_whole_line() -> None:
    out = Terminal()
    bar = ProgressBar(out, clock=Clock())
    bar.take(CellStarted(cell=1, cells=2))
    bar._told_at = -1
    bar.take(OutputAdded(cell=1, tail="損失" * 200))
    assert last_shown(out).endswith("…")
    assert len(last_shown(out)) + last_shown(out).count("損") * 2 <= 80


def test_no_color_removes_the_colour_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    ProgressBar(out, clock=Clock()).take(CellStarted(cell=2, cells=2))
    assert out.getvalue().startswith(CLEAR)
    assert "\x1b" not in out.getvalue().removeprefix(CLEAR)


def test_a_terminal_without_unicode_gets_ascii_characters() -> None:
    out = Ascii()
    ProgressBar(out, clock=Clock()).take(CellStarted(cell=2, cells=2))
    assert f"{'#' * 10}{'-' * 10}" in last_shown(out)


def lines(out: io.StringIO) -> list[str]:
    return out.getvalue().splitlines()


def test_a_log_gets_a_line_for_each_cell_and_each_ten_seconds() -> None:
    out, clock = io.StringIO(), Clock()
    bar = ProgressBar(out, clock=clock)
    bar.take(Usage(seconds=0, memory_bytes=0))
    bar.take(CellStarted(cell=1, cells=2))
    for clock.now in range(1, 22):
        bar.take(Usage(seconds=clock.now, memory_bytes=1024**2))
    clock.now = 22.5
    bar.take(CellStarted(cell=2, cells=2))
    bar.close()
    assert lines(out) == [
        "getting ready  0:00",
        "cell 1 of 2  0:00",
        "cell 1 of 2  0:10  1 MB",
        "cell 1 of 2  0:20  1 MB",
        "cell 2 of 2  0:22  1 MB",
    ]


def test_a_log_is_not_flooded_by_short_cells() -> None:
    out = io.StringIO()
    bar = ProgressBar(out, clock=Clock())
    for number in range(1, 500):
        bar.take(CellStarted(cell=number, cells=500))
    assert lines(out) == ["cell 1 of 500  0:00"]


def test_a_dumb_terminal_gets_lines_as_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    out = Terminal()
    ProgressBar(out, clock=Clock()).take(CellStarted(cell=1, cells=1))
    assert out.getvalue() == "cell 1 of 1  0:00\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb\n\n", "b"),
        ("10%\r20%\r30%", "30%"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[Hhome", "home"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("bell\x07 null\x00", "bell� null�"),
        ("cut\x1b[", "cut"),
        ("", ""),
    ],
)
def test_a_notebook_cannot_move_the_cursor(text: str, line: str) -> None:
    assert last_line(text) == line


def test_wide_characters_take_two_columns() -> None:
    assert cut("損失損失", 8) == "損失損失"
    assert cut("損失損失", 7) == "損失損…"
    assert cut("abc", 0) == ""
