"""The encoding of what a test passes to the student's code. Its source is never sent.

Functions and classes of libraries are sent by name, objects of library classes as
their state, iterators as their remaining items, and a test's own functions as
callbacks, which live as long as the call that they were passed to.
"""

import contextlib
import io
import itertools
import random
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch

from runner.inside.grader.given_folders import Folders
from runner.inside.grader.given_generators import seed_in_place_of
from runner.inside.grader.handles import Handle, is_handle, number_of
from runner.inside.grader.library_objects import (
    LibraryPickles,
    is_iterator,
    library_name,
    remaining,
)
from runner.inside.grader.members import handle_behind_member
from runner.inside.grader.student_errors import handle_behind
from runner.inside.values.codec import CodecError, Encoder, Node
from runner.inside.values.gradients import check_operand

_FILES: Final[Mapping[type, str]] = {io.StringIO: "text", io.BytesIO: "bytes"}


class Outgoing(Encoder):
    """An encoder of a test's values for the student's process.

    A path below `files` is sent by its name there. The private folder's name is never
    sent: code that knows it could answer with a path into that folder.
    """

    def __init__(
        self,
        refer: Callable[[object, Encoder], Node],
        folders: Folders | None,
        written: Callable[[], Collection[int]] = frozenset,
    ) -> None:
        super().__init__(refer)
        self.sends_notes = False
        self.sends_missing = True
        self._folders = folders
        # A circle of references would keep what was given until Python looks for one.
        itself = weakref.proxy(self)
        number_of: Callable[[object], int | None] = lambda one: itself.number_of(one)  # noqa: E731, PLW0108 - the method itself would be a circle
        self._pickles = LibraryPickles(
            written(),
            number_of,
            lambda one: itself.number_inside(one),  # noqa: PLW0108 - same
        )

    def _encode(self, value: object, depth: int) -> Node:
        """Return the node of the value, as the same object that a pickle already holds."""
        if not self.is_data_only:
            value = handle_behind_member(value)
        if isinstance(value, torch.Tensor | np.ndarray) and self._pickles.hold(value):
            return self.pickled(value)
        return super()._encode(value, depth)

    def pickled(self, value: object) -> Node:
        """Return the node of an object of a library class, or None if it has none."""
        data = self._pickles.pickled(value)
        return None if data is None else {"k": "pickle", "b": self.add(data)}

    def check_text(self, text: str) -> None:
        """Raise CodecError if the text names `private`."""
        if self._folders is not None and self._folders.tells_of_private(text):
            raise CodecError(
                "a path below `private` cannot be given to the student's code: read "
                "the file, and give its content"
            )

    def check_gradient(self, gradient: Any) -> None:
        """Raise CodecError for a gradient that a reference may have left in its argument."""
        check_operand(gradient)

    def path(self, value: Any) -> Node:
        """Return the node of a path, which the other process finds if it is handed in."""
        self.text(str(value))
        name = None if self._folders is None else self._folders.name_of(value)
        return super().path(value) if name is None else {"k": "file", "v": name}


def _given(value: Any, written: Collection[int]) -> tuple[str, object] | None:
    """Return the kind and the content of a built-in object, or None for others.

    `written` are the seeds that stand in the test's text.

    Raises CodecError for a file in memory that is written to, or has been read: changes
    to its copy would be lost, and the part already read would not be sent.
    """
    if type(value) is random.Random:
        return "random", seed_in_place_of(value, written)[0]
    if type(value) is itertools.count:
        # As a call would, this uses up the first two numbers.
        first = next(value)
        return "count", [first, next(value) - first]
    if type(value) not in _FILES:
        return None
    content = value.getvalue()
    if value.tell() or not content:
        raise CodecError(
            f"a {type(value).__name__} can be given to the student's code only if it has "
            "content and is positioned at its start, because the code gets a copy"
        )
    return _FILES[type(value)], content


class ExpiredCallbackError(RuntimeError):
    """Raised when the student's code calls a test's function after its call has ended."""


class Exports:
    """The callbacks of one question, and the handles of one message.

    A callback lives as long as the call that it was passed to: `lifetime` encloses that
    call. No number is used twice, so an old number never means a new function.
    `written` returns the seeds that stand in the running test's text.
    """

    def __init__(self, written: Callable[[], Collection[int]] = frozenset) -> None:
        self.written = written
        self._callbacks: dict[int, Callable[..., object]] = {}
        self._count = 0
        self.handles: list[Handle] = []

    @contextlib.contextmanager
    def lifetime(self) -> Iterator[None]:
        """End at the end of the block the callbacks that were passed inside."""
        first = self._count
        try:
            yield
        finally:
            for number in range(first, self._count):
                self._callbacks.pop(number, None)

    def refer(self, value: object, encoder: Encoder) -> Node:
        """Return the node of a value that is not plain data. Raises CodecError."""
        behind = handle_behind(value)
        value = value if behind is None else behind
        if is_handle(value):
            self.handles.append(value)
            return {"k": "handle", "v": number_of(value)}
        name = library_name(value)
        if name:
            return {"k": "library", "v": name}
        given = _given(value, self.written())
        if given is None and is_iterator(value):
            given = "iterator", remaining(value)
        if given is not None:
            kind, content = given
            return {"k": "given", "t": kind, "v": encoder.encode(content)}
        node = encoder.pickled(value) if isinstance(encoder, Outgoing) else None
        if node is not None:
            return node
        if callable(value):
            number, self._count = self._count, self._count + 1
            self._callbacks[number] = value
            return {"k": "callback", "v": number}
        raise CodecError(
            f"a {type(value).__name__} cannot be given to the student's code: give "
            "data, functions, or objects of a library"
        )

    def callback(self, number: object) -> Callable[..., object]:
        """Return the live function with this number. Raises ExpiredCallbackError."""
        found = self._callbacks.get(number) if type(number) is int else None
        if found is None:
            raise ExpiredCallbackError("no function of a running call has this number")
        return found
