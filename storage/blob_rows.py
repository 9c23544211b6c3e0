"""Which columns of the database may name stored content, found from the models.

A column that nobody has thought of is searched: text of exactly 64 characters, text
whose name says that it is a hash, and all JSON. So a new field cannot be forgotten. A
column is left out only by name, in JSON_WITHOUT_BLOBS or KEEPS_NOTHING.

A row may say that its content was let go, by a time in a column `removed_at`. Its hash
stays as a record, and names the content no more, in its own column or in JSON.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from django.apps import apps
from django.db.models import CharField, Field, JSONField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

# Large columns of JSON that name no content, each with what it holds.
JSON_WITHOUT_BLOBS: Final = {
    "courses.CalendarHistory.events": "what calendar programs were sent",
    "grading.GradingRun.measures": "seconds, memory, versions and hardware",
    "grading.GradingRun.progress": "cells and seconds of a run under way",
    "grading.QuestionResult.checks": "how each check ended",
    "grading.QuestionResult.traces": "tracebacks of checks",
    "submissions.OpenedAttempt.declared": "answers to questions",
    "submissions.Submission.declared": "answers to questions",
}
# Columns of hashes whose content may go while the row is there, each with what it is.
KEEPS_NOTHING: Final = {
    "submissions.ReservedRoom.sha256": "room that counts until the content has gone",
}
# Columns of a SHA-256 that is not the hash of stored content, each with what it is of.
HASHES_WITHOUT_CONTENT: Final = {
    "courses.AssignmentRevision.bundle_sha256": "the folder of an assignment",
    "courses.Rubric.definition_sha256": "what a folder says of a rubric",
    "grading.GradingRun.input_sha256": "the inputs of a run together",
    "submissions.Upload.sha256": "a file that was declared and may not have arrived",
    **KEEPS_NOTHING,
}
_LENGTH: Final = 64
_SAYS_HASH: Final = re.compile(r"sha256|hash|digest|blob")
_IN_TEXT: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_ROWS: Final = 2000
# The column of a row whose content was let go.
_LET_GO: Final = "removed_at"

Columns = Mapping[type[Model], tuple[str, ...]]


def hash_columns() -> Columns:
    """Return the columns of text that may hold a hash, by model."""
    return _columns(_may_hold_hash)


def content_columns() -> Iterator[tuple[type[Model], str, str]]:
    """Yield each column whose hash is that of stored content, with its model.

    The third value is the column of the content's size, or "" if there is none. A new
    column whose name ends in `sha256` is one of them unless HASHES_WITHOUT_CONTENT
    names it.
    """
    for model, columns in hash_columns().items():
        label = model._meta.label  # noqa: SLF001  Django's documented name
        names = {field.name for field in model._meta.concrete_fields}  # noqa: SLF001  as above
        for column in columns:
            is_named = f"{label}.{column}" in HASHES_WITHOUT_CONTENT
            if column.endswith("sha256") and not is_named:
                has_size = column == "sha256" and "size" in names
                yield model, column, "size" if has_size else ""


def rows_with_content(model: type[Model], *columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield these columns of all rows whose content is kept, some rows at a time."""
    return _rows(model).values_list(*columns).iterator(chunk_size=_ROWS)


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
        for row in rows_with_content(model, *columns):
            left.difference_update(row)
    let_go = _let_go_among(left)
    return let_go | _unrepeated_among(left - let_go)


def _let_go_among(hashes: set[str]) -> set[str]:
    """Return those of the hashes that rows have whose content was let go."""
    found: set[str] = set()
    for model, columns in hash_columns().items():
        if _may_let_go(model):
            gone = _all_rows(model).exclude(**{_LET_GO: None})
            for row in gone.values_list(*columns).iterator(chunk_size=_ROWS):
                found |= hashes.intersection(row)
    return found


def _unrepeated_among(hashes: set[str]) -> set[str]:
    """Return those of the hashes that no JSON repeats."""
    left = set(hashes)
    for model, columns in json_columns().items():
        if not left:
            break
        texts = (Cast(column, TextField()) for column in columns)
        for row in _rows(model).values_list(*texts).iterator(chunk_size=_ROWS):
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
        for row in _rows(model).filter(wanted).values_list(*columns):
            found.update(row)
    return found.intersection(hashes)


def _rows(model: type[Model]) -> QuerySet[Any]:
    """Return the rows whose content is kept, in no order."""
    rows = _all_rows(model)
    return rows.filter(**{_LET_GO: None}) if _may_let_go(model) else rows


def _all_rows(model: type[Model]) -> QuerySet[Any]:
    # Not in the order of the model's Meta, which would sort the whole table.
    return model._base_manager.order_by()  # noqa: SLF001


def _may_let_go(model: type[Model]) -> bool:
    return any(field.name == _LET_GO for field in model._meta.concrete_fields)  # noqa: SLF001


def _columns(is_wanted: "Callable[[Field[Any, Any]], bool]") -> Columns:
    found: dict[type[Model], tuple[str, ...]] = {}
    for model in apps.get_models(include_auto_created=True):
        meta = model._meta  # noqa: SLF001  Django's documented name
        names = tuple(each.attname for each in meta.concrete_fields if is_wanted(each))
        if names and meta.managed and not meta.proxy:
            found[model] = names
    return found


def _may_hold_hash(field: "Field[Any, Any]") -> bool:
    if not isinstance(field, CharField | TextField) or _name(field) in KEEPS_NOTHING:
        return False
    return field.max_length == _LENGTH or bool(_SAYS_HASH.search(field.name))


def _may_hold_hashes(field: "Field[Any, Any]") -> bool:
    return isinstance(field, JSONField) and _name(field) not in JSON_WITHOUT_BLOBS


def _name(field: "Field[Any, Any]") -> str:
    return f"{field.model._meta.label}.{field.name}"  # noqa: SLF001  as above
