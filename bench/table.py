"""The results as text for a terminal and as Markdown."""

from collections.abc import Sequence
from typing import Final

from bench.breakdown import Breakdown
from bench.series import Series
from bench.targets import Row, Unit

_HEAD: Final = ("work", "ours", "peer", "", "compared", "target", "")
_ABSENT: Final = "-"


def duration(seconds: float) -> str:
    """Return the time in the unit that suits its size."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    if seconds >= 0.01:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds * 1000:.1f} ms"


def spread(series: Series, unit: Unit) -> str:
    """Return the median, and after it the least, the most and the number of values."""
    if unit == "/min":
        shown = [f"{v:.1f}" for v in (series.median, series.least, series.most)]
        shown[0] += " /min"
    else:
        shown = [duration(v) for v in (series.median, series.least, series.most)]
    return f"{shown[0]} ({shown[1]} to {shown[2]}, n = {len(series)})"


def cells_of(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return the table's lines, its head first."""
    lines: list[tuple[str, ...]] = [_HEAD]
    lines += [
        (
            row.work,
            spread(row.ours, row.unit),
            row.peer_name,
            spread(row.peer, row.unit),
            row.compared,
            row.target,
            "reached" if row.reached else "missed",
        )
        for row in rows
    ]
    return lines


def cells_of_breakdown(breakdown: Breakdown) -> list[tuple[str, ...]]:
    """Return the breakdown's lines, its head first."""
    columns = breakdown.columns.values()
    lines: list[tuple[str, ...]] = [("", *breakdown.columns)]
    for phase in breakdown.phases:
        times = (column.get(phase) for column in columns)
        lines.append(
            (phase, *(_ABSENT if one is None else duration(one) for one in times))
        )
    return lines


def as_text(lines: Sequence[Sequence[str]]) -> str:
    """Return the lines in columns, for a terminal."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


def as_markdown(lines: Sequence[Sequence[str]]) -> str:
    """Return the lines as a Markdown table, whose head is the first line."""
    rule = ["---"] * len(lines[0])
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))
