"""Points as SVG, which needs no style of its own: bars, columns, and distributions."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from grading.distribution import Distribution
from grading.marker_statistics import MarkerNumbers
from grading.points_bar import PointsBar

# The bar's length and height in the units of the drawing.
WIDTH: Final = 200
HEIGHT: Final = 8
# A column of the chart of attempts, and the space for it.
COLUMN: Final = 8
STEP: Final = 12
CHART_HEIGHT: Final = 48
# The chart of a class: all columns together, the space between them, and its heights.
BINS_WIDTH: Final = 340
BINS_HEIGHT: Final = 80
_GAP: Final = 4
_NAMES_HEIGHT: Final = 18
# Each part has a height of its own, so that colour is not alone in telling them apart.
_HEIGHTS: Final = {"earned": 8, "lost": 2, "hidden": 4, "by_hand": 8}


# A page of everybody's marks has many equal bars.
@lru_cache(maxsize=2048)
def bar_html(bar: PointsBar) -> SafeString:
    """Return the bar as an image with all its points in words."""
    rows, x = [], 0.0
    for part in bar.parts:
        width = float(part.points / bar.total * WIDTH) if bar.total else 0.0
        height = _HEIGHTS[part.kind]
        rows.append((part.kind, f"{x:.2f}", HEIGHT - height, f"{width:.2f}", height))
        x += width
    return format_html(
        '<svg class="points-bar" viewBox="0 0 {} {}" preserveAspectRatio="none"'
        ' role="img" aria-label="{}">{}</svg>',
        WIDTH,
        HEIGHT,
        bar.words,
        format_html_join(
            "",
            '<rect class="points-bar__{}" x="{}" y="{}" width="{}" height="{}"></rect>',
            rows,
        ),
    )


def marker_bar_html(numbers: MarkerNumbers) -> SafeString:
    """Return a marker's mean as a bar, with their spread and the mean of all.

    The length of the drawing stands for all points of the question.
    """
    unit = WIDTH / 100
    spread = numbers.spread or 0.0
    low, high = max(numbers.mean - spread, 0.0), min(numbers.mean + spread, 100.0)
    words = (
        f"Mean {numbers.mean:.1f} %, spread {spread:.1f}; "
        f"the mean of all is {numbers.of_all:.1f} %."
    )
    rows = (
        ("marker-bar__mean", 0, 2, numbers.mean * unit, 8),
        ("marker-bar__spread", low * unit, 5, (high - low) * unit, 2),
        ("marker-bar__all", numbers.of_all * unit - 1, 0, 2, 12),
    )
    return format_html(
        '<svg class="marker-bar" viewBox="0 0 {} 12" preserveAspectRatio="none"'
        ' role="img" aria-label="{}">{}</svg>',
        WIDTH,
        words,
        format_html_join(
            "",
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}"></rect>',
            (
                (kind, f"{x:.2f}", y, f"{width:.2f}", height)
                for kind, x, y, width, height in rows
            ),
        ),
    )


def columns_html(attempts: Sequence[tuple[int, PointsBar, bool]]) -> SafeString:
    """Return one column for each attempt: its number, its points, whether it is viewed.

    The height of the chart stands for all points of the attempt.
    """
    rows, words = [], []
    for index, (number, bar, is_current) in enumerate(attempts):
        share = float(bar.earned / bar.total) if bar.total else 0.0
        height = max(share * CHART_HEIGHT, 0.5)
        kind = "attempts-chart__current" if is_current else "attempts-chart__other"
        top = f"{CHART_HEIGHT - height:.2f}"
        rows.append((kind, index * STEP, top, COLUMN, f"{height:.2f}"))
        words.append(f"attempt {number}: {bar.earned_words}")
    return format_html(
        '<svg class="attempts-chart" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMax'
        ' meet" role="img" aria-label="Points of each attempt. {}.">{}</svg>',
        len(rows) * STEP,
        CHART_HEIGHT,
        "; ".join(words).capitalize(),
        format_html_join(
            "",
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}"></rect>',
            rows,
        ),
    )


def distribution_html(found: Distribution) -> SafeString:
    """Return one column for each bin, with its number of marks above it.

    The bin of the viewer's own mark says so in words, and has a border of its own.
    """
    most = max(each.count for each in found.bins)
    base = _NAMES_HEIGHT + BINS_HEIGHT
    step = BINS_WIDTH // len(found.bins)
    columns, numbers, bounds = [], [], []
    for index, each in enumerate(found.bins):
        height = max(each.count / most * BINS_HEIGHT, 0.5)
        kind = "class-chart__here" if each.is_here else "class-chart__bin"
        x, width = index * step + _GAP // 2, step - _GAP
        columns.append((kind, x, f"{base - height:.2f}", width, f"{height:.2f}"))
        words = f"{each.count}, you" if each.is_here else each.count or ""
        numbers.append((x + width // 2, f"{base - height - 4:.2f}", words))
        bounds.append((index * step, base + 13, each.low))
    return format_html(
        '<svg class="class-chart" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '{}<line class="class-chart__base" x1="0" x2="{}" y1="{}" y2="{}"></line>{}{}'
        '<text x="{}" y="{}" text-anchor="end">100 %</text></svg>',
        BINS_WIDTH,
        base + _NAMES_HEIGHT,
        found.words,
        format_html_join(
            "",
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}"></rect>',
            columns,
        ),
        BINS_WIDTH,
        base,
        base,
        format_html_join(
            "", '<text x="{}" y="{}" text-anchor="middle">{}</text>', numbers
        ),
        format_html_join("", '<text x="{}" y="{}">{}</text>', bounds),
        BINS_WIDTH,
        base + 13,
    )
