"""The abilities of handles: what an object of the student's can do by special methods."""

import operator
import sys
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping
from types import FrameType
from typing import Any, Final

import numpy as np

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.awaited_handles import run_to_end
from runner.inside.grader.callers import CALLERS
from runner.inside.grader.context_managers import leave
from runner.inside.grader.entitlement import may_be_asked_for
from runner.inside.grader.handle_items import item_of
from runner.inside.grader.handle_parts import (
    Asking,
    HandleBase,
    is_handle,
    label_of,
    observations_of,
    student_of,
)
from runner.inside.grader.members import handle_behind_member
from runner.inside.grader.student_errors import is_student_s
from runner.inside.values import own_operators


class SizedHandle:
    """An object with a length."""

    __slots__ = ()

    def __len__(self: Any) -> int:
        seen, student = observations_of(self), student_of(self)
        return seen.length(lambda: student.ask("len", self))


class IterableHandle:
    """An object that can be iterated."""

    __slots__ = ()

    def __iter__(self: Any) -> Iterator[Any]:
        student, seen = student_of(self), observations_of(self)
        source = _Source(self)
        again = seen.second_loop(source)
        first = seen.first_items(source)
        if first is not None:
            return student.loops.begin(first, again)
        items = _items(self)
        if items is not None:
            return iter(items)
        # As in the notebook: `iter(numbers) is numbers`.
        steps: Iterator[Any] = self
        return (
            steps if isinstance(self, IteratorHandle) else _rest(student_of(self), self)
        )


class ReversibleHandle:
    """An object that can be iterated backwards."""

    __slots__ = ()

    def __reversed__(self: Any) -> Iterator[Any]:
        contents = observations_of(self).contents
        return iter(
            contents.backwards(
                lambda: student_of(self).ask("reversed", self), lambda: _items(self)
            )
        )


class IteratorHandle:
    """An object that gives its items one by one."""

    __slots__ = ()

    def __next__(self: Any) -> Any:
        return _next_of(student_of(self), self)


class ContainerHandle:
    """An object with a membership test of its own.

    A test calls it as it calls the method of that name: `item in x`. A member of an
    enumeration is in its class.
    """

    __slots__ = ()

    def __contains__(self: Any, item: object) -> bool:
        if handle_behind_member(item) is not item and self.__class__ is type:
            return isinstance(item, self)
        return _has(self, item, sys._getframe(1))  # noqa: SLF001 - who asks decides


class IndexedHandle(IterableHandle, ReversibleHandle):
    """An object with items under keys, which Python would iterate by index.

    Python's abstract classes are told that it has no `__iter__`: see `told_abilities`.
    """

    __slots__ = ()

    def __getitem__(self: Any, key: object) -> Any:
        return item_of(self, key)


class ContextHandle:
    """An object that a `with` statement enters."""

    __slots__ = ()

    def __enter__(self: Any) -> Any:
        enter = self.__getattr__("__enter__")
        return student_of(self).ask("call", enter, (), {})


class LeftHandle:
    """An object that a `with` statement leaves."""

    __slots__ = ()

    def __exit__(self: Any, _: object, error: object, __: object) -> None:
        leave(self, error)


class AwaitableHandle:
    """A coroutine, which runs in the student's process once it is awaited."""

    __slots__ = ()
    # What asyncio shows of a coroutine.
    cr_code = cr_frame = gi_code = None
    cr_running = False

    def __await__(self: Any) -> Generator[None, None, Any]:
        return run_to_end(self)

    def send(self: Any, _value: object) -> None:
        """Go on. Raises StopIteration with the result at the end, as coroutines do."""
        seen = observations_of(self)
        if seen.awaited is None:
            seen.awaited = run_to_end(self)
        try:
            seen.awaited.send(None)
        except BaseException:
            seen.awaited = None
            raise

    def throw(self: Any, error: Any, *_: object) -> None:
        """Raise the error where the coroutine waits."""
        awaited = observations_of(self).awaited
        if awaited is None:
            raise error
        awaited.throw(error)

    def close(self: Any) -> None:
        """End the coroutine, which gives no result any more."""
        awaited = observations_of(self).awaited
        if awaited is not None:
            awaited.close()


class CollectionHandle:
    """An object that is a list or the like, with methods of its own.

    Its items are asked for once and compared here, by the test's own comparison.
    """

    __slots__ = ()

    def __bool__(self: Any) -> bool:
        return bool(plain_of(self))

    def __contains__(self: Any, item: object) -> bool:
        plain = plain_of(self)
        if own_operators.redefines(plain, "__contains__"):
            return _has(self, item, sys._getframe(1))  # noqa: SLF001 - who asks decides
        return item in plain

    def __array__(self: Any, *arguments: Any, **named: Any) -> Any:
        return np.asarray(plain_of(self)).__array__(*arguments, **named)


def _has(handle: Any, item: object, caller: FrameType) -> bool:
    """Return whether the object says that it has the item, if it may be asked."""
    if not (may_be_asked_for(handle) and CALLERS.is_test(caller)):
        raise NotDataError(
            f"{label_of(handle)} is an object: `in` asks only objects whose class has "
            "`__contains__` in the staff's notebook, and of these only objects that the "
            "test has made, or that the staff's notebook has under that name. Otherwise "
            "let a function of the notebook use `in`"
        )
    contains = handle.__getattr__("__contains__")
    found = student_of(handle).ask("call", contains, (item,), {})
    if is_handle(found):
        raise NotDataError(
            f"{label_of(handle)} answered `in` with an object, not with True or False"
        )
    return bool(found)


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def compared(self: Any, other: Any) -> Any:
        return compare(
            plain_of(self), plain_of(other) if is_collection(other) else other
        )

    return compared


for _compare in (
    *(operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge),
):
    setattr(CollectionHandle, f"__{_compare.__name__}__", _comparison(_compare))


def is_collection(value: object) -> bool:
    """Return whether the value is a handle to a list or the like."""
    return issubclass(type(value), CollectionHandle)


def plain_of(handle: Any) -> Any:
    """Return the object's value as a plain list or the like, without its class."""
    student = student_of(handle)
    return observations_of(handle).plain(lambda: student.ask("plain", handle))


def _items(handle: HandleBase) -> list[object] | None:
    """Return all items of the object, or None if it is an iterator."""
    student, seen = student_of(handle), observations_of(handle)
    items = seen.contents.items(
        lambda: student.ask("items", handle), lambda: student.ask("count", handle)
    )
    if items is not None:
        seen.second.check_items(items, lambda: _first_of(student, handle))
    return items


class _Source:
    """The object behind a handle, over which a test loops in steps.

    It keeps no handle, so the test can drop the object after a loop that it has left.
    """

    def __init__(self, handle: HandleBase) -> None:
        self._handle = weakref.ref(handle)
        self._student = student_of(handle)
        self._seen = observations_of(handle)

    @property
    def steps(self) -> int:
        return self._student.steps

    def begin(self) -> object:
        return self._student.ask("begin", self._handle())

    def more(self, loop: Any) -> object:
        before = self._student.steps
        try:
            return self._student.ask("more", loop)
        except BaseException as error:
            if not is_student_s(error):
                raise
            return error
        finally:
            self._seen.note_look(before)


def _first_of(student: Asking, handle: HandleBase) -> object:
    """Return the items that the object gives when it is gone through once more."""
    found = student.ask("items", handle)
    return found[0] if isinstance(found, list) and found else None


def _rest(student: Asking, iterator: HandleBase) -> Iterator[Any]:
    while True:
        try:
            yield _next_of(student, iterator)
        except StopIteration:
            return


def _next_of(student: Asking, iterator: HandleBase) -> Any:
    """Return the next item. Raises StopIteration."""
    contents = observations_of(iterator).contents
    return contents.next_item(
        lambda: student.ask("next", iterator), lambda: student.steps
    )


# No special method: the snapshot says that the object is a list or the like.
COLLECTION: Final = "collection"
ABILITIES: Final[Mapping[str, type]] = {
    "__len__": SizedHandle,
    "__iter__": IterableHandle,
    "__reversed__": ReversibleHandle,
    "__next__": IteratorHandle,
    "__contains__": ContainerHandle,
    "__getitem__": IndexedHandle,
    "__enter__": ContextHandle,
    "__exit__": LeftHandle,
    "__await__": AwaitableHandle,
    COLLECTION: CollectionHandle,
}
