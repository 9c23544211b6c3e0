"""The charts of statistics as SVG: histograms with a box, columns, and pairs."""

from collections.abc import Sequence
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from gradebook.class_statistics import Bin, Summary

_WIDTH: Final = 340
_HEIGHT: Final = 80
_TOP: Final = 16
_GAP: Final = 4
_BOX: Final = 14
_SIDE: Final = 240
_MARGIN: Final = 28
_RECT: Final = '<rect class="{}" x="{}" y="{}" width="{}" height="{}"></rect>'


def histogram_html(bins: Sequence[Bin], numbers: Summary | None) -> SafeString:
    """Return a column for each tenth, and the five numbers as a box below them."""
    words = ", ".join(f"{each.words}: {each.count}" for each in bins if each.count)
    base = _TOP + _HEIGHT
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}'
        '<text x="0" y="{}">0</text><text x="{}" y="{}" text-anchor="middle">50 %'
        '</text><text x="{}" y="{}" text-anchor="end">100 %</text></svg>',
        _WIDTH,
        base + _BOX + 22,
        f"{words or 'No marks'}.{_summary_words(numbers)}",
        _columns(bins),
        _box(numbers, base + 5) if numbers else "",
        base + _BOX + 19,
        _WIDTH // 2,
        base + _BOX + 19,
        _WIDTH,
        base + _BOX + 19,
    )


def columns_html(bins: Sequence[Bin], label: str) -> SafeString:
    """Return a column for each bin; the table beside it has their words."""
    words = ", ".join(f"{each.words}: {each.count}" for each in bins)
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        _WIDTH,
        _TOP + _HEIGHT + 2,
        f"{label}. {words}.",
        _columns(bins),
    )


def pairs_html(
    pairs: Sequence[tuple[float, float]], across: str, up: str
) -> SafeString:
    """Return a point for each pair of shares in percent: `across` and `up` name them."""
    inner = _SIDE - _MARGIN - 6

    def place(share: float) -> float:
        return max(0.0, min(share, 100.0)) / 100 * inner

    points = format_html_join(
        "",
        '<circle class="chart__point" cx="{}" cy="{}" r="3"></circle>',
        (
            (f"{_MARGIN + place(x):.1f}", f"{6 + inner - place(y):.1f}")
            for x, y in pairs
        ),
    )
    return format_html(
        '<svg class="chart chart--pairs" viewBox="0 0 {} {}" role="img"'
        ' aria-label="{}"><path class="chart__base" d="M{} 6V{}H{}"></path>{}'
        '<text x="{}" y="{}" text-anchor="end">{} in %</text>'
        '<text transform="translate(12 6) rotate(-90)" text-anchor="end">{} in %</text>'
        "</svg>",
        _SIDE,
        _SIDE,
        f"{len(pairs)} students: {across} across, {up} upwards.",
        _MARGIN,
        6 + inner,
        _SIDE,
        points,
        _SIDE - 2,
        _SIDE - 6,
        across,
        up,
    )


def _columns(bins: Sequence[Bin]) -> SafeString:
    most = max((each.count for each in bins), default=0) or 1
    base, step = _TOP + _HEIGHT, _WIDTH / max(len(bins), 1)
    rows, counts = [], []
    for index, each in enumerate(bins):
        height = each.count / most * _HEIGHT
        x, width = index * step + _GAP / 2, step - _GAP
        top = base - height
        rows.append(
            ("chart__bin", f"{x:.1f}", f"{top:.1f}", f"{width:.1f}", f"{height:.1f}")
        )
        counts.append((f"{x + width / 2:.1f}", f"{top - 4:.1f}", each.count or ""))
    return format_html(
        '{}<path class="chart__base" d="M0 {}H{}"></path>{}',
        format_html_join("", _RECT, rows),
        base,
        _WIDTH,
        format_html_join(
            "", '<text x="{}" y="{}" text-anchor="middle">{}</text>', counts
        ),
    )


def _box(numbers: Summary, top: int) -> SafeString:
    """Return the box from the lower to the upper quartile, with lines to the ends."""

    def at(share: float) -> float:
        return max(0.0, min(share, 100.0)) / 100 * _WIDTH

    middle = top + _BOX / 2
    return format_html(
        '<path class="chart__line" d="M{} {}H{}"></path>' + _RECT + _RECT,
        f"{at(numbers.least):.1f}",
        middle,
        f"{at(numbers.most):.1f}",
        "chart__box",
        f"{at(numbers.lower):.1f}",
        top,
        f"{max(at(numbers.upper) - at(numbers.lower), 1):.1f}",
        _BOX,
        "chart__median",
        f"{max(at(numbers.median) - 1, 0):.1f}",
        top,
        2,
        _BOX,
    )


def _summary_words(numbers: Summary | None) -> str:
    if numbers is None:
        return ""
    return (
        f" Median {numbers.median:.1f} %, middle half from {numbers.lower:.1f} to "
        f"{numbers.upper:.1f} %."
    )
