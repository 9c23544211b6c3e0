"""Which columns of the database may name stored content, found from the models.

A column that nobody has thought of is searched: text of exactly 64 characters, text
whose name says that it is a hash, and all JSON. So a new field cannot be forgotten. A
column is left out only by name, in JSON_WITHOUT_BLOBS.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from django.apps import apps
from django.db.models import CharField, Field, JSONField, Model, Q, TextField
from django.db.models.functions import Cast

# Large columns of JSON that name no content, each with what it holds.
JSON_WITHOUT_BLOBS: Final = {
    "courses.CalendarHistory.events": "what calendar programs were sent",
    "grading.GradingRun.measures": "seconds, memory, versions and hardware",
    "grading.GradingRun.progress": "cells and seconds of a run under way",
    "grading.QuestionResult.checks": "how each check ended",
    "grading.QuestionResult.traces": "tracebacks of checks",
}
_LENGTH: Final = 64
_SAYS_HASH: Final = re.compile(r"sha256|hash|digest|blob")
_IN_TEXT: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_ROWS: Final = 2000

Columns = Mapping[type[Model], tuple[str, ...]]


def hash_columns() -> Columns:
    """Return the columns of text that may hold a hash, by model."""
    return _columns(_may_hold_hash)


def json_columns() -> Columns:
    """Return the columns of JSON in which a hash may stand, by model.

    JSON only repeats hashes that a column of its own has named, such as those of a
    run's files. It is searched all the same: the row with that column may be gone.
    """
    return _columns(_may_hold_hashes)


def unnamed_among(hashes: Iterable[str]) -> set[str]:
    """Return those of the hashes that no row names.

    Each table is read once, some rows at a time, since its hashes have no index.
    """
    left = set(hashes)
    for model, columns in hash_columns().items():
        # Not in the order of the model's Meta, which would sort the whole table.
        rows = model._base_manager.order_by().values_list(*columns)  # noqa: SLF001
        for row in rows.iterator(chunk_size=_ROWS):
            left.difference_update(row)
    for model, columns in json_columns().items():
        if not left:
            break
        texts = (Cast(column, TextField()) for column in columns)
        rows = model._base_manager.order_by().values_list(*texts)  # noqa: SLF001
        for row in rows.iterator(chunk_size=_ROWS):
            for text in row:
                left.difference_update(_IN_TEXT.findall(text or ""))
    return left


def named_among(hashes: Collection[str]) -> set[str]:
    """Return those of a few hashes that a column of hashes names now."""
    found: set[str] = set()
    for model, columns in hash_columns().items():
        wanted = Q()
        for column in columns:
            wanted |= Q(**{f"{column}__in": hashes})
        rows = model._base_manager.order_by().filter(wanted)  # noqa: SLF001
        for row in rows.values_list(*columns):
            found.update(row)
    return found.intersection(hashes)


def _columns(is_wanted: "Callable[[Field[Any, Any]], bool]") -> Columns:
    found: dict[type[Model], tuple[str, ...]] = {}
    for model in apps.get_models(include_auto_created=True):
        meta = model._meta  # noqa: SLF001  Django's documented name
        names = tuple(each.attname for each in meta.concrete_fields if is_wanted(each))
        if names and meta.managed and not meta.proxy:
            found[model] = names
    return found


def _may_hold_hash(field: "Field[Any, Any]") -> bool:
    if not isinstance(field, CharField | TextField):
        return False
    return field.max_length == _LENGTH or bool(_SAYS_HASH.search(field.name))


def _may_hold_hashes(field: "Field[Any, Any]") -> bool:
    name = f"{field.model._meta.label}.{field.name}"  # noqa: SLF001  as above
    return isinstance(field, JSONField) and name not in JSON_WITHOUT_BLOBS
