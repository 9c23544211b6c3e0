"""Checks of requests to the admin: only known parameters with bounded values pass.

Django's lists accept any field and lookup as a parameter, and hand its value to the
database. A number that is too large, a year that no calendar has or a character that
PostgreSQL refuses then ended in a server error.
"""

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Final, TypeVar, cast

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import (
    ALL_VAR,
    ERROR_FLAG,
    ORDER_VAR,
    PAGE_VAR,
    SEARCH_VAR,
)
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import DateField, Model, TimeField
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase

ViewT = TypeVar("ViewT", bound=Callable[..., HttpResponseBase])
LONGEST: Final = 2000
# Each word is searched in each field of a list.
LONGEST_SEARCH: Final = 200
MOST_DIGITS: Final = 10
_SEARCHES: Final = (SEARCH_VAR, "term")
_ALWAYS: Final = frozenset(
    {
        ALL_VAR,
        ERROR_FLAG,
        IS_POPUP_VAR,
        ORDER_VAR,
        PAGE_VAR,
        SEARCH_VAR,
        TO_FIELD_VAR,
        "_changelist_filters",
    }
)
# The lookups that Django's own filters write into their links.
_LOOKUPS: Final = (
    *("", "__exact", "__in", "__isnull", "__isempty"),
    *("__gt", "__gte", "__lt", "__lte", "__id__exact"),
)
_DATE_PARTS: Final = ("__year", "__month", "__day")
_DATE_PART: Final = re.compile(r"[1-9][0-9]{0,3}")
# Times outside these years do not exist in every time zone.
_YEAR: Final = re.compile(r"\b(\d{4})-\d")
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2200
_TOO_LARGE: Final = re.compile(rf"[-+]?\d{{{MOST_DIGITS + 1},}}")
_LONG_NUMBER: Final = re.compile(rf"\d{{{MOST_DIGITS + 1}}}")


def with_checked_parameters(view: ViewT) -> ViewT:
    """Return the view, but with 400 for requests that no admin page makes."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        owner = getattr(view, "__self__", None)
        for name, values in request.GET.lists():
            for value in values:
                _check_value(name, value)
        if isinstance(owner, ModelAdmin) and view.__name__ == "changelist_view":
            _check_names(request, set(_names_of_list(owner, request)))
            _check_selection(request, owner.model)
        if isinstance(owner, ModelAdmin) and view.__name__ == "add_view":
            _check_first_values(request, owner.model)
        if isinstance(owner, ModelAdmin):
            _check_choices(request.POST, owner.model)
        return view(request, *args, **kwargs)

    return cast("ViewT", checked)


def _check_value(name: str, value: str) -> None:
    longest = LONGEST_SEARCH if name in _SEARCHES else LONGEST
    if len(value) > longest or "\0" in value:
        raise BadRequest(f"“{name[:40]}” is too long.")
    if name.endswith(_DATE_PARTS) and not _DATE_PART.fullmatch(value):
        raise BadRequest(f"“{name[:40]}” is not a part of a date.")
    if name not in _SEARCHES and _LONG_NUMBER.search(value):
        raise BadRequest(f"“{name[:40]}” has a number that is too large.")
    year = _YEAR.search(value) if name not in _SEARCHES else None
    if year and not _FIRST_YEAR <= int(year[1]) <= _LAST_YEAR:
        raise BadRequest(f"“{name[:40]}” is not a valid time.")


def _check_names(request: HttpRequest, known: set[str]) -> None:
    for name in request.GET:
        if name not in known:
            raise BadRequest(f"This list has no filter “{name[:40]}”.")


def _names_of_list(owner: "ModelAdmin[Any]", request: HttpRequest) -> Iterator[str]:
    """Yield the parameters that the list's own links have."""
    yield from _ALWAYS
    if owner.date_hierarchy:
        yield from (f"{owner.date_hierarchy}{part}" for part in _DATE_PARTS)
    filters: Any = owner.get_list_filter(request)
    for each in filters:
        name = getattr(each, "parameter_name", None)
        if name is not None:
            yield name
            continue
        path = each if isinstance(each, str) else each[0]
        yield from (f"{path}{lookup}" for lookup in _LOOKUPS)


def _check_first_values(request: HttpRequest, model: type[Model]) -> None:
    """Raise BadRequest for first values of a new row that an address may not set."""
    for field in model._meta.fields:  # noqa: SLF001  Django's documented name
        if isinstance(field, DateField | TimeField) and field.name in request.GET:
            raise BadRequest(f"“{field.name}” cannot be set in the address.")
    _check_choices(request.GET, model)


def _check_choices(given: QueryDict, model: type[Model]) -> None:
    """Raise BadRequest if a chosen value cannot be the key of any row.

    Widgets search a chosen row before the form checks it, and fail if the database
    cannot search for it.
    """
    meta = model._meta  # noqa: SLF001  Django's documented name
    for field in [*meta.fields, *meta.many_to_many]:
        related = field.related_model
        if not isinstance(related, type) or field.name not in given:
            continue
        keys = [key for text in given.getlist(field.name) for key in text.split(",")]
        key_field = related._meta.pk  # noqa: SLF001  Django's documented name
        if not all(_is_key(key_field, key) for key in keys if key):
            raise BadRequest(f"“{field.name}” does not name an existing entry.")


def _check_selection(request: HttpRequest, model: type[Model]) -> None:
    """Raise BadRequest if an action names a row that no list can show."""
    key_field = model._meta.pk  # noqa: SLF001  Django's documented name
    for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
        if not _is_key(key_field, key):
            raise BadRequest("This entry does not exist.")


def _is_key(field: Any, text: str) -> bool:
    """Return whether a row could have this key."""
    if len(text) > LONGEST or _TOO_LARGE.fullmatch(text.strip()):
        return False
    try:
        field.to_python(text)
    except ValidationError:
        return False
    return True
