"""Slices of an object of the student's, compared with its items."""

from typing import Any

from runner.inside.grader.answers import (
    SIZED,
    Answer,
    NotDataError,
    is_index_slice,
    is_same,
    kind_of,
)
from runner.inside.grader.second_answers import same_content


def refuse_odd(label: str, key: object, answer: Answer) -> None:
    """Raise NotDataError for a slice that cannot be compared with the items."""
    if not is_index_slice(key) or answer.error is not None:
        return
    value = answer.value
    if type(value) not in SIZED and kind_of(value) != "object":
        raise NotDataError(
            f"{label} gave a {type(value).__name__} for a slice: only lists, "
            "arrays and text can be compared with its items"
        )


def as_known(label: str, key: object, answer: Answer, whole: list[object]) -> Answer:
    """Return the answer for a slice as it follows from the known items.

    Values must agree with these. Objects are those that the slice has.
    """
    value: Any = answer.value
    if not is_index_slice(key) or type(value) not in SIZED:
        return answer
    due = whole[key]
    is_list = type(value) in {list, tuple}
    is_it = same_content(list(value), due) if is_list else is_same(value, due)
    if is_it is False:
        raise NotDataError(f"{label} contradicts itself at {key!r}")
    return Answer(type(value)(due)) if is_list and is_it else answer


def as_due(
    label: str,
    items: list[object],
    due: list[object] | None,
    place: int | None = None,
) -> list[object]:
    """Return the items of an object that is a slice: all, or the one at the place.

    `due` are the items of the whole object there, or None if they are not known. Values
    must agree with these. Objects are those that the slice gives itself.
    """
    if due is None:
        return items
    if place is not None:
        due = [due[place]] if -len(due) <= place < len(due) else items
    is_it = same_content(items, due)
    if is_it is False:
        raise NotDataError(f"{label} is a slice, and has other items")
    return due if is_it else items
