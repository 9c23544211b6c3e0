"""How times, points, sizes and text are written on pages; icons and components."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import template
from django.db.models import QuerySet
from django.forms import BoundField, CheckboxInput, RadioSelect
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from courses import change_texts, permissions
from courses.models import Course, CourseChange, Session
from courses.wall_clock import zone_of
from formats.choices import Role
from grading.distribution import Distribution
from grading.marker_statistics import MarkerNumbers
from grading.models import GradingRun
from grading.pages.attempt_history import AttemptLink
from grading.pages.badges import Badge, badge_for
from grading.pages.notebook_links import NotebookLinks
from grading.points_bar import PointsBar
from portal.bar_html import (
    bar_html,
    columns_html,
    distribution_html,
    marker_bar_html,
)
from rendering.markdown import render_markdown

register = template.Library()

MINUTE, HOUR, DAY, WEEK, MONTH, YEAR = 60, 3600, 86400, 604800, 2629800, 31557600
# For each unit: the seconds below which it is used, its length, and its name.
RELATIVE_STEPS: Final = (
    (90 * MINUTE, MINUTE, "minute"),
    (48 * HOUR, HOUR, "hour"),
    (21 * DAY, DAY, "day"),
    (9 * WEEK, WEEK, "week"),
    (2 * YEAR, MONTH, "month"),
)
# A nearer time is written in hours, also past midnight.
_SOON: Final = 6 * HOUR
KILO: Final = 1024
# Numbers below this are written with one decimal.
SINGLE_FIGURES: Final = 9.95
_CELL: Final = re.compile(r"\b[Cc]ell (\d{1,4})\b")
# The frame of templates/grading/_executed_notebook.html has this name.
_CELL_LINK: Final = '<a href="{}" target="executed-notebook">{}</a>'
NONE: Final = "\N{EN DASH}"
NBSP: Final = "\N{NO-BREAK SPACE}"


def relative_words(seconds: float, days: int | None = None) -> str:
    """Return "in 2 days" or "2 days ago", never with more hours than are left.

    Pass the number of calendar days between the two dates as `days`, and the words
    count days as people do. A time some hours away is then "tomorrow" if it is on the
    next date.
    """
    span = abs(seconds)
    if span < MINUTE:
        return "in a moment" if seconds > 0 else "just now"
    unit, name = next(
        ((unit, name) for limit, unit, name in RELATIVE_STEPS if span < limit),
        (YEAR, "year"),
    )
    count = int(span // unit)
    if days and unit == HOUR and span >= _SOON:
        unit, name = DAY, "day"
        if abs(days) == 1:
            return "tomorrow" if seconds > 0 else "yesterday"
    if days is not None and unit in (DAY, WEEK):
        count = abs(days) * DAY // unit
    words = f"{count} {name}" if count == 1 else f"{count} {name}s"
    return f"in {words}" if seconds > 0 else f"{words} ago"


@register.simple_tag
def course_time(value: datetime | None, course: Course, style: str = "full") -> str:
    """Return a <time> in the course's zone, with the zone named.

    Styles: full (Fri 31 Jan, 19:00 GMT), date (Fri 31 Jan), clock (19:00 GMT). The year
    is written unless it is this one.
    """
    if value is None:
        return NONE
    this_year = timezone.now().astimezone(course.tz).year
    return _time_html(value, course.tz, style, this_year)


# A course's page shows the same hundred times to everybody. Equal times may have
# different zones, so the zone is a part of the cache key.
@lru_cache(maxsize=4096)
def _time_html(
    value: datetime, zone: ZoneInfo, style: str, this_year: int
) -> SafeString:
    local = value.astimezone(zone)
    year = "" if local.year == this_year else " %Y"
    date = f"{local:%a} {local.day} {local:%b}{local.strftime(year)}"
    clock = f"{local:%H:%M} {zone_of(local)}"
    words = {"full": f"{date}, {clock}", "date": date, "clock": clock}[style]
    return format_html(
        '<time datetime="{}" class="time">{}</time>', local.isoformat(), words
    )


@register.simple_tag
def session_time(session: Session, course: Course, style: str = "full") -> str:
    """Return when a session is, in the course's zone, or "" if it has no time.

    Styles: full (Fri 31 Jan, 09:00 to 10:00 GMT), clock (09:00 to 10:00 GMT).
    """
    if session.starts_at is None or session.ends_at is None:
        return ""
    return _span_html(session.starts_at, session.ends_at, course.tz, style)


@lru_cache(maxsize=4096)
def _span_html(
    starts_at: datetime, ends_at: datetime, zone: ZoneInfo, style: str
) -> SafeString:
    starts, ends = starts_at.astimezone(zone), ends_at.astimezone(zone)
    date = "" if style == "clock" else f"{starts:%a} {starts.day} {starts:%b}, "
    words = f"{date}{starts:%H:%M}{NONE}{ends:%H:%M} {zone_of(starts)}"
    return format_html(
        '<time datetime="{}" class="time">{}</time>', starts.isoformat(), words
    )


@register.simple_tag
def course_day(value: datetime, course: Course) -> str:
    """Return the day and the month in the course's zone, for a calendar leaf."""
    local = value.astimezone(course.tz)
    return format_html("<strong>{}</strong><span>{}</span>", local.day, f"{local:%b}")


@register.simple_tag
def relative(value: datetime | None, course: Course | None = None) -> str:
    """Return a <time> in words relative to now: in 2 days, 3 hours ago.

    Days are counted by the calendar of the course's zone, or of the portal's.
    """
    if value is None:
        return NONE
    now = timezone.now()
    zone = course.tz if course else timezone.get_current_timezone()
    days = (value.astimezone(zone).date() - now.astimezone(zone).date()).days
    words = relative_words((value - now).total_seconds(), days)
    return format_html(
        '<time datetime="{}" class="time">{}</time>', value.isoformat(), words
    )


@register.filter
def change_text(change: CourseChange) -> str:
    """Return what changed, in the words of its reader."""
    return change_texts.change_text(change)


@register.filter
def points(value: Any, digits: int = 2) -> str:
    """Return points rounded half-up to `digits` places, without trailing zeros."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return NONE
    if not number.is_finite():
        return NONE
    number = number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    text = f"{abs(number):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"\N{MINUS SIGN}{text}" if number < 0 else text


@register.filter
def percent_of(value: Any, whole: Any) -> str:
    """Return value / whole in percent from 0 to 100, as a plain number for bars."""
    try:
        share = Decimal(str(value)) / Decimal(str(whole)) * 100
    except (InvalidOperation, ZeroDivisionError):
        return "0"
    return points(min(max(share, Decimal(0)), Decimal(100)), 1)


def _two_figures(number: float) -> str:
    return points(number, 1 if number < SINGLE_FIGURES else 0)


@register.filter
def size(value: int | None) -> str:
    """Return a number of bytes in words: 812 bytes, 1.4 MB."""
    if value is None:
        return NONE
    if value < KILO:
        return f"{value}{NBSP}byte" + ("" if value == 1 else "s")
    units, amount = ["KB", "MB", "GB", "TB"], value / KILO
    while len(units) > 1 and round(amount) >= KILO:
        amount, units = amount / KILO, units[1:]
    return f"{_two_figures(amount)}{NBSP}{units[0]}"


@register.filter
def duration(value: float | None) -> str:
    """Return seconds in words: 0.4 s, 42 s, 3 min 20 s, 2 h 5 min."""
    if value is None:
        return NONE
    if value < SINGLE_FIGURES:
        return f"{_two_figures(value)}{NBSP}s"
    seconds = int(value + 0.5)
    hours, minutes, rest = seconds // HOUR, seconds % HOUR // MINUTE, seconds % MINUTE
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else rest, "s")]
    return " ".join(f"{count}{NBSP}{unit}" for count, unit in parts if count)


@register.filter
def markdown(value: str | None) -> SafeString:
    """Return Markdown as HTML without any script, style or form."""
    return render_markdown(value or "")


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, label: str = "") -> str:
    """Return an icon of static/img/icons.svg, decorative unless it has a label."""
    href = f"{static('img/icons.svg')}#{name}"
    hidden = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true"')
    )
    return format_html(
        '<svg class="icon icon--{}" {}><use href="{}"></use></svg>', name, hidden, href
    )


@register.filter
def tone_icon(tone: str) -> str:
    """Return the icon that has the same meaning as a tone."""
    return {"success": "check", "warning": "alert", "danger": "alert"}.get(tone, "info")


@register.filter
def message_tone(level: str) -> str:
    """Return the tone of a message's level tag."""
    tones = {"error": "danger", "debug": "neutral"}
    return tones.get(level, level or "info")


@register.filter
def widget_kind(field: BoundField) -> str:
    """Return how a field is laid out: check (box, then label), choices, or line."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        return "check"
    return "choices" if widget.use_fieldset else "line"


@register.filter
def described(field: BoundField) -> SafeString:
    """Return the field's input, marked as wrong and tied to its errors and help.

    Choices are a group with the field's name: each of them has its own words as its
    name.
    """
    attrs: dict[str, str | bool] = {}
    described_by = [
        f"{field.auto_id}_{part}"
        for part, present in (("error", field.errors), ("helptext", field.help_text))
        if present
    ]
    if described_by:
        attrs["aria-describedby"] = " ".join(described_by)
    if field.errors:
        attrs["aria-invalid"] = "true"
    name = f"{field.auto_id}_label"
    if isinstance(field.field.widget, RadioSelect):
        group = '<div role="group" aria-labelledby="{}">{}</div>'
        return format_html(group, name, field.as_widget(attrs=attrs))
    if field.field.widget.use_fieldset:
        attrs["aria-labelledby"] = name
    return field.as_widget(attrs=attrs)


@register.simple_block_tag(takes_context=True)
def component(
    context: Context, content: str, name: str, **variables: Any
) -> SafeString:
    """Return components/<name>.html around the block's content.

    For components that hold other markup: `{% component "card" title="Files" %}`. The
    template gets `content`, the request and the named variables, nothing else.
    """
    # Django renders `content` before it calls this tag, with escaping on.
    inner = {"content": mark_safe(content), **variables}  # noqa: S308
    request = context.get("request")
    return render_to_string(f"components/{name}.html", inner, request=request)


@register.filter
def rights_in(user: User, course: Course) -> frozenset[permissions.Right]:
    """Return what the person may do in the course: `{% if "edit" in rights %}`."""
    return permissions.rights_in(user, course)


@register.filter
def cell_links(text: str, notebook: NotebookLinks | None) -> str:
    """Return the text with a link to each cell of the notebook that it names."""
    if not notebook:
        return text
    parts, end = [], 0
    for found in _CELL.finditer(text):
        if 0 < int(found[1]) <= notebook.cells:
            url = notebook.cell_url(int(found[1]))
            link = format_html(_CELL_LINK, url, found[0])
            parts += [escape(text[end : found.start()]), link]
            end = found.end()
    return mark_safe("".join((*parts, escape(text[end:]))))  # noqa: S308  escaped


@register.simple_tag
def points_bar(bar: PointsBar) -> SafeString:
    """Return the bar of an attempt's points alone: `{% points_bar row.bar %}`."""
    return bar_html(bar)


@register.simple_tag
def marker_bar(numbers: MarkerNumbers) -> SafeString:
    """Return how a marker marks a question as a drawing: `{% marker_bar numbers %}`."""
    return marker_bar_html(numbers)


@register.simple_tag
def attempts_chart(attempts: Sequence[AttemptLink]) -> SafeString:
    """Return the points of a student's attempts as columns, the first one first."""
    return columns_html(
        [(each.attempt, each.bar, each.is_current) for each in attempts if each.bar]
    )


@register.simple_tag
def class_chart(found: Distribution) -> SafeString:
    """Return the distribution of a class as columns, one for each bin."""
    return distribution_html(found)


@register.filter
def signed(value: Decimal) -> str:
    """Return points with a plus sign if they are above 0."""
    return f"+{points(value)}" if value > 0 else points(value)


@register.filter
def role_name(role: str) -> str:
    """Return the name of a role."""
    return Role(role).label


@register.filter
def badge_of(run: GradingRun) -> Badge:
    """Return the words, tone and icon of a run's state or verdict."""
    return badge_for(run)


@register.inclusion_tag("components/badge.html")
def badge(
    label: object, tone: str = "neutral", icon: str = "", title: str | None = ""
) -> dict[str, object]:
    """Show a word on a state: `{% badge "Late" tone="warning" icon="clock" %}`."""
    return {"label": label, "tone": tone, "icon": icon, "title": title}


@register.inclusion_tag("components/stat.html")
def stat(
    label: str, value: object, of: object = "", unit: str = "", hint: str | None = ""
) -> dict[str, object]:
    """Show a figure with its name: `{% stat "Students" 24 of=30 %}`."""
    return {"label": label, "value": value, "of": of, "unit": unit, "hint": hint}


@register.simple_tag
def courses_of(user: User) -> QuerySet[Course]:
    """Return the courses that the person sees, for the course switcher."""
    return Course.objects.visible_to(user)
