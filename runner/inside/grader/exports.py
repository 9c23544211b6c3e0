"""The encoding of what a test passes to the student's code. Its source is never sent.

Functions and classes of libraries are sent by name, objects of library classes as
their state, iterators as their remaining items, and a test's own functions as
callbacks, which live as long as the call that they were passed to.
"""

import contextlib
import itertools
import random
import weakref
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
import torch

from runner.inside.grader import own_values
from runner.inside.grader.given_derivatives import GivenDerivatives
from runner.inside.grader.given_folders import Folders
from runner.inside.grader.given_functions import GivenFunctions
from runner.inside.grader.given_generators import seed_in_place_of
from runner.inside.grader.given_positions import GivenPositions
from runner.inside.grader.handles import Handle, is_handle, number_of
from runner.inside.grader.library_objects import (
    LibraryPickles,
    library_name,
)
from runner.inside.grader.members import handle_behind_member
from runner.inside.grader.student_errors import handle_behind
from runner.inside.values.codec import CodecError, Encoder, Node
from runner.inside.values.gradients import check_operand


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
        node = super()._encode(value, depth)
        return own_values.with_class(node, value)

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
    """
    if type(value) is random.Random:
        return "random", seed_in_place_of(value, written)[0]
    if type(value) is itertools.count:
        # As a call would, this uses up the first two numbers.
        first = next(value)
        return "count", [first, next(value) - first]
    return None


class Exports:
    """The callbacks of one question, and the handles of one message.

    A callback lives as long as the call that it was passed to: `lifetime` encloses that
    call. A function keeps its number in a check, and no other gets that number.
    `written` returns the seeds that stand in the running test's text.
    """

    def __init__(self, written: Callable[[], Collection[int]] = frozenset) -> None:
        self.written = written
        self._functions = GivenFunctions()
        self.derivatives = GivenDerivatives()
        self.positions = GivenPositions()
        self._count = itertools.count()
        self.handles: list[Handle] = []

    def forget(self) -> None:
        """Forget what earlier checks have given."""
        self._functions.forget()
        self.positions.forget()

    @contextlib.contextmanager
    def lifetime(self) -> Iterator[None]:
        """End at the end of the block the functions that were passed inside."""
        try:
            with self._functions.lifetime():
                yield
        finally:
            if not self._functions.are_alive:
                self.derivatives.clear()

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
        number = next(self._count)
        given = _given(value, self.written()) or self.positions.note(number, value)
        if given is not None:
            kind, content = given
            node = encoder.encode(content)
            return {"k": "given", "t": kind, "v": node, "n": number}
        node = encoder.pickled(value) if isinstance(encoder, Outgoing) else None
        if node is not None:
            return node
        if callable(value):
            return {"k": "callback", "v": self._functions.number_of(value)}
        raise CodecError(
            f"a {type(value).__name__} cannot be given to the student's code: give "
            "data, functions, or objects of a library"
        )

    def callback(self, number: object) -> Callable[..., object]:
        """Return the live function with this number. Raises ExpiredCallbackError."""
        return self._functions.live(number)
