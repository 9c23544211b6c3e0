"""The items of an object of the student's, by index or key.

An index is an operand. It is sent to an object that the test has made. Of any other
object all items are requested if possible, and indexed here.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from runner.inside.grader.answers import (
    Answer,
    NotDataError,
    is_hashable,
    is_index_slice,
)
from runner.inside.grader.entitlement import (
    index_of,
    is_made,
    may_delete,
    may_get,
    may_set,
)
from runner.inside.grader.handle_parts import (
    HandleBase,
    is_handle,
    label_of,
    observations_of,
    student_of,
)
from runner.inside.grader.second_answers import SecondAnswerError, same_content

_NUMBERS: Final = "biufc"


def item_of(handle: HandleBase, key: object) -> Any:
    """Return the item under the key. Raises NotDataError if it cannot be told."""
    if not may_get(handle, key):
        item = _within(handle, key)
        ask = partial(_within_anew, handle, key)
    else:
        item = _asked(handle, key)
        ask = partial(student_of(handle).ask, "operate", "getitem", handle, key)
    observations_of(handle).second.check("item", key, item, ask)
    return item


def _asked(handle: HandleBase, key: object) -> Any:
    """Return the item of an object that may learn the key."""
    contents = observations_of(handle).contents_by_key
    index = index_of(key)
    place = key if index is None else index

    def ask() -> Any:
        return observations_of(handle).read_item(handle, key, student_of(handle))

    if not is_made(handle):
        known = _known_item(handle, place)
        if known is not None:
            if index is None or (type(key) is int and index >= 0):
                return known.give()
            # Not every object takes a negative index, or one of numpy's.
            asked = contents.item(key, ask)
            return _agreed(handle, key, known.give(), asked)
    found = contents.item(place, ask)
    if is_handle(found):
        contents.note_slice(key, observations_of(found).contents)
    return found


def _agreed(handle: HandleBase, key: object, known: object, asked: object) -> object:
    """Return the item under an index that is not the one by which its items came.

    `known` is the item as it came, and `asked` what the object gives for that index.
    Raises NotDataError if they differ, unless the object gives another item each time.
    """
    if same_content(known, asked) is True:
        return known
    if same_content(known, asked) is False:
        place = index_of(key)
        contents = observations_of(handle).contents
        if place is not None and place < 0 and not contents.is_keyed:
            place += contents.count or 0
        again = student_of(handle).ask("operate", "getitem", handle, place)
        if same_content(known, again) is True:
            raise SecondAnswerError(
                f"{label_of(handle)} gives another item for {key!r} than for {place}, "
                "which is the same place counted from the start"
            )
    return asked


def _known_item(handle: HandleBase, key: object) -> Answer | None:
    """Return the item under the key if a small object's items, all requested, have it."""
    pairs = _pairs(handle, is_few=True)
    if pairs is not None:
        is_there = is_hashable(key) and key in pairs
        return Answer(pairs[key]) if is_there else None
    if type(key) is not int or observations_of(handle).contents.is_keyed:
        return None
    items = _items(handle, is_few=True)
    if items is None or not -len(items) <= key < len(items):
        return None
    return Answer(items[key])


def _within(handle: HandleBase, key: object) -> Any:
    """Return the item under the key, out of all items that the object holds."""
    pairs = _pairs(handle, is_few=False)
    if pairs is not None:
        if not is_hashable(key):
            raise _refusal(handle)
        return pairs[key]
    items = _items(handle, is_few=False)
    if items is None:
        raise _refusal(handle)
    index = index_of(key)
    if index is not None:
        return items[index]
    if is_index_slice(key):
        return items[key]
    return _array_of(handle, items)[key]


def mapping_of(handle: HandleBase) -> object:
    """Return all keys and values as the object gives them now, or None."""
    found = student_of(handle).ask("mapping", handle)
    return dict(found[0]) if isinstance(found, list) and found else None


def _within_anew(handle: HandleBase, key: Any) -> object:
    """Return the item under the key, out of all that the object holds now, or None."""
    pairs = student_of(handle).ask("pairs", handle, False)  # noqa: FBT003 - an operand
    if isinstance(pairs, list):
        return dict(pairs[0]).get(key)
    items = student_of(handle).ask("indexed", handle, False)  # noqa: FBT003 - same
    index = index_of(key)
    place = key if index is None else index
    return items[0][place] if isinstance(items, list) else None


def assign(handle: HandleBase, key: object, value: object) -> None:
    """Assign the item under the key. Raises NotDataError if the object may not learn it."""
    if not may_set(handle, key, value):
        raise _change_refusal(handle)
    observations_of(handle).contents.is_keyed = True
    student_of(handle).ask("operate", "setitem", handle, key, value)


def delete(handle: HandleBase, key: object) -> None:
    """Delete the item under the key. Raises NotDataError like `assign`."""
    if not may_delete(handle, key):
        raise _change_refusal(handle)
    observations_of(handle).contents.is_keyed = True
    student_of(handle).ask("operate", "delitem", handle, key)


def _pairs(handle: HandleBase, *, is_few: bool) -> dict[object, object] | None:
    """Return the object's keys and values, or None if they cannot be sent at once."""
    return observations_of(handle).contents.mapping(_whole(handle, "pairs", is_few))


def _items(handle: HandleBase, *, is_few: bool) -> list[object] | None:
    """Return the object's items by index, or None if they cannot be sent at once."""
    return observations_of(handle).contents.by_index(_whole(handle, "indexed", is_few))


def _whole(handle: HandleBase, way: str, is_few: bool) -> Callable[[], Any]:  # noqa: FBT001 - an operand
    """Return a function that requests all items once, and remembers a failure."""
    seen, student = observations_of(handle), student_of(handle)

    def ask() -> Any:
        if (way, is_few) in seen.failed:
            return seen.failed[way, is_few]
        found = student.ask(way, handle, is_few)
        if found is None or found is False:
            seen.failed[way, is_few] = found
        return found

    return ask


def _array_of(handle: HandleBase, items: list[Any]) -> Any:
    """Return the items as an array of numbers, or as a tensor."""
    try:
        if items and all(isinstance(one, torch.Tensor) for one in items):
            return torch.stack(items)
        array = np.asarray(items)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _refusal(handle) from error
    if array.dtype.kind not in _NUMBERS:
        raise _refusal(handle)
    return array


def _refusal(handle: HandleBase) -> NotDataError:
    return NotDataError(
        f"{label_of(handle)} is an object whose items cannot all be sent at once, and it "
        "may not learn the index or key that the test uses. Objects that the test has "
        "made by calling a class of the notebook may learn it. If the staff's notebook "
        "defines `__getitem__`, other objects may learn plain numbers and texts. "
        "Otherwise let a function of the notebook take the item"
    )


def _change_refusal(handle: HandleBase) -> NotDataError:
    return NotDataError(
        f"{label_of(handle)} is an object that the test has not made, so the test may not "
        "assign or delete its items. Let a function of the notebook do it"
    )


def own_view(handle: Any, method: Any) -> Any:
    """Return a mapping's own method `keys`, `values` or `items`, as a test calls it.

    It may not give nothing where the object has a length: a loop over it would pass.
    """
    if not (is_handle(method) and hasattr(type(handle), "__getitem__")):
        return method

    def view(*arguments: Any, **named: Any) -> Any:
        found = method(*arguments, **named)
        if not hasattr(type(handle), "__len__"):
            return found
        if is_handle(found) and hasattr(type(found), "__next__"):
            return _not_none(handle, found)
        if hasattr(type(found), "__len__") and not len(found) and len(handle):
            raise _empty(handle)
        return found

    return view


def _not_none(handle: Any, steps: Any) -> Iterator[Any]:
    """Yield what an iterator gives. Raises NotDataError if a mapping with items has none."""
    has_given = False
    for item in steps:
        has_given = True
        yield item
    if not has_given and len(handle):
        raise _empty(handle)


def _empty(handle: HandleBase) -> NotDataError:
    return NotDataError(
        f"{label_of(handle)} has a length, and its `keys`, `values` or `items` gives nothing"
    )
