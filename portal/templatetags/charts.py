"""Template tags that draw the charts of statistics."""

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString

from gradebook.class_statistics import Bin, Summary
from portal.chart_html import columns_html, histogram_html, pairs_html

register = template.Library()


@register.simple_tag
def histogram_chart(bins: Sequence[Bin], numbers: Summary | None) -> SafeString:
    """Return marks as a histogram with a box: `{% histogram_chart bins numbers %}`."""
    return histogram_html(bins, numbers)


@register.simple_tag
def columns_chart(bins: Sequence[Bin], label: str) -> SafeString:
    """Return counts as columns: `{% columns_chart bins "Attempts" %}`."""
    return columns_html(bins, label)


@register.simple_tag
def pairs_chart(
    pairs: Sequence[tuple[float, float]], across: str, up: str
) -> SafeString:
    """Return pairs of shares as points: `{% pairs_chart pairs "Coursework" "Exam" %}`."""
    return pairs_html(pairs, across, up)


@register.filter
def percent(share: float | None) -> str:
    """Return a share from 0 to 1 in percent, or a dash."""
    return "\N{EN DASH}" if share is None else f"{100 * share:.0f} %"


@register.filter
def coefficient(value: float | None) -> str:
    """Return a correlation with two decimals and a true minus sign, or a dash."""
    if value is None:
        return "\N{EN DASH}"
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
