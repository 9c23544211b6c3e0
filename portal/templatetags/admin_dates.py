"""The dates above a long list of the admin, found without a search of its table.

Django shows the years, months and days that have rows, and reads every row for that.
Here they are those between the first row and the last.
"""

import calendar
import datetime as dt
from typing import Any

from django import template
from django.contrib.admin.views.main import ChangeList
from django.utils import formats, timezone
from django.utils.text import capfirst

from courses.admin.long_lists import LongList
from courses.work_lists import in_order

register = template.Library()
_PARTS = ("year", "month", "day")
_FORMATS = ("", "YEAR_MONTH_FORMAT", "MONTH_DAY_FORMAT", "MONTH_DAY_FORMAT")


@register.inclusion_tag("admin/date_hierarchy.html", takes_context=True)
def dates_of_list(context: Any, cl: ChangeList) -> dict[str, Any]:
    """Return the links to the years, the months of a year or the days of a month."""
    first, last = _first_and_last(cl, context["request"])
    if first is None or last is None:
        return {"show": False}
    chosen = _chosen(cl)
    is_chosen = bool(chosen)
    if not chosen and first.year == last.year:
        chosen = (first.year,)
    return {
        "show": True,
        "back": _back(cl, chosen) if is_chosen else None,
        "choices": [
            {
                "link": _link(cl, parts) if len(chosen) < len(_PARTS) else None,
                "title": _title(parts),
            }
            for parts in _periods(chosen, first, last)
        ],
    }


def _first_and_last(
    cl: ChangeList, request: Any
) -> tuple[dt.date | None, dt.date | None]:
    """Return the days of the first and the last row that the person sees."""
    field, page = str(cl.date_hierarchy), cl.model_admin
    is_sorted = isinstance(page, LongList) and page.sees_few(request)
    rows = cl.root_queryset.filter(**{f"{field}__isnull": False})
    found = (
        rows.order_by(*in_order(order, is_sorted=is_sorted))
        .values_list(field, flat=True)
        .first()
        for order in (field, f"-{field}")
    )
    first, last = (at and timezone.localdate(at) for at in found)
    return first, last


def _chosen(cl: ChangeList) -> tuple[int, ...]:
    """Return the chosen year, or year and month, or year, month and day."""
    given = [cl.params.get(f"{cl.date_hierarchy}__{part}") for part in _PARTS]
    known = given[: given.index(None)] if None in given else given
    return tuple(int(part) for part in known if part is not None)


def _periods(
    chosen: tuple[int, ...], first: dt.date, last: dt.date
) -> list[tuple[int, ...]]:
    """Return the periods to choose from, each with one part more than is chosen."""
    if len(chosen) == len(_PARTS):
        return [chosen]
    within = [
        range(first.year, last.year + 1),
        range(1, 13),
        range(1, calendar.monthrange(*chosen)[1] + 1 if len(chosen) > 1 else 1),
    ][len(chosen)]
    periods = [(*chosen, part) for part in within]
    begin, end = _parts(first), _parts(last)
    return [one for one in periods if begin[: len(one)] <= one <= end[: len(one)]]


def _parts(day: dt.date) -> tuple[int, ...]:
    return (day.year, day.month, day.day)


def _title(parts: tuple[int, ...]) -> str:
    if len(parts) == 1:
        return str(parts[0])
    day = dt.date(*parts, *[1] * (len(_PARTS) - len(parts)))
    return capfirst(formats.date_format(day, _FORMATS[len(parts) - 1]))


def _link(cl: ChangeList, parts: tuple[int, ...]) -> str:
    given = zip(_PARTS, parts, strict=False)
    chosen = {f"{cl.date_hierarchy}__{name}": part for name, part in given}
    return cl.get_query_string(chosen, [f"{cl.date_hierarchy}__"])


def _back(cl: ChangeList, chosen: tuple[int, ...]) -> dict[str, str]:
    if len(chosen) == 1:
        return {"link": _link(cl, ()), "title": "All dates"}
    return {"link": _link(cl, chosen[:-1]), "title": _title(chosen[:-1])}
