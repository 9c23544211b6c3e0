"""The answers known of one object of the student's: each fact is asked for once.

Otherwise two answers about one object could contradict each other and deceive a test
that relies on both: a length of three, but no item for a loop to look at.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final, Protocol

from runner.inside.grader.answers import (
    Answer,
    Ask,
    NotDataError,
    answer_of,
)
from runner.inside.grader.begun_loops import FirstItems, Source
from runner.inside.grader.object_items import Contents
from runner.inside.grader.read_values import ReadValues
from runner.inside.grader.second_answers import SecondAnswers, SecondLoop

__all__ = ["NotDataError", "Observations"]

Origin = tuple[object, ...]
_COLLECTIONS: Final = (list, tuple, dict, set, frozenset, deque)


class Reading(Protocol):
    """The client by which an attribute or an item is read: see `handle_parts.Asking`."""

    @property
    def epoch(self) -> int: ...

    @property
    def steps(self) -> int: ...

    @property
    def read_values(self) -> ReadValues: ...

    def ask(self, operation: str, *arguments: object) -> Any: ...


class Observations:
    """The answers that are known of one object.

    They hold until the test itself may have changed the object: it has called one of
    its methods, read an attribute that the notebook computes, assigned to it, passed it
    to a call, or read it again from the same place after a call. If the test has made
    the object, they hold until any code of the student's runs; answers about objects
    that were read from it as attributes hold until it may have changed. What it has told
    of its items holds while it tells more of them. Attributes hold until any code of the
    student's runs. Raises NotDataError if a new answer contradicts an older one.
    `contents` are the object's items. `steps` returns how often that code has run.
    """

    def __init__(
        self,
        label: str,
        steps: Callable[[], int] = lambda: 0,
        asks_again: Callable[[], bool] = lambda: False,
    ) -> None:
        self._label = label
        self._steps = steps
        # Known to the grader itself: the object is a class that the staff's notebook
        # defines, or a test has made it by calling such a class.
        self.is_constructor = False
        self.is_instance = False
        # It is the result of an operator between such objects, so it may stand for a
        # number.
        self.is_derived = False
        # The test has got it only from the call that made it.
        self.is_fresh = True
        # It is the value of a name that the staff's notebook defines as a function.
        self.is_function = False
        # It is the value of a name for which the staff's notebook makes an object of a
        # class with `__contains__`.
        self.is_container = False
        # The test has got it also by another way than such a name.
        self.was_answered = False
        # It is an operator method of an object that may not learn operands.
        self.is_withheld = False
        # It is not the result of an operator that compares or that was given a value.
        self.is_counted = True
        # Its class defines how its objects compare: it has a hash of its own, or none.
        self.has_equality: bool | None = None
        self._origin: Origin | None = None
        self._obtained = 0
        # The failed attempts to take everything that it holds at once, and their answers.
        self.failed: dict[tuple[str, bool], bool | None] = {}
        self._facts: dict[Origin, bool] = {}
        # What was read, with the call and the step after which it was.
        self._read: dict[object, tuple[int, int, Answer]] = {}
        self._hash: tuple[int, object] | None = None
        # The object that this one was read from, if it was read as an attribute.
        self.owner: Observations | None = None
        self._contents = Contents(label, lambda: self.is_made)
        self._second = SecondAnswers(label, asks_again)
        # What a test's event loop does with it, if it is a coroutine.
        self.awaited: Generator[None, None, Any] | None = None
        # The items of a loop that the test has left early.
        self.first: FirstItems | None = None
        self._since: tuple[int, int] = (0, 0)
        # How many times the answers have been forgotten.
        self.times_forgotten = 0
        self.forget()

    @property
    def is_made(self) -> bool:
        """Whether the test has made the object and got it only from there."""
        return self.is_instance and self.is_fresh and not self.is_derived

    @property
    def is_named_function(self) -> bool:
        """Whether it came only from a name that the staff's notebook defines as a function."""
        return self.is_function and not self.was_answered

    @property
    def is_named_container(self) -> bool:
        """Whether it came only from a name for which the staff's notebook makes one."""
        return self.is_container and not self.was_answered

    def note_name(self, *, is_function: bool, is_container: bool) -> None:
        """Note that the object is a name's value, and what the staff's notebook has there.

        A name for any other value counts as an answer: the student's notebook may give
        one object to two names.
        """
        self.is_function |= is_function
        self.is_container |= is_container
        self.was_answered |= not (is_function or is_container)

    def note_again(self, *, is_name: bool) -> None:
        """Note that the object came in another answer, for a name if `is_name`."""
        self.is_fresh = False
        self.was_answered |= not is_name

    @property
    def contents(self) -> Contents:
        """The object's items since the test may last have changed it.

        If a loop has taken only the first ones, the others are taken now.
        """
        self._forget_if_changed()
        if self.first is not None:
            self.first.take_whole()
        return self.contents_by_key

    @property
    def contents_by_key(self) -> Contents:
        """The items, for the question what is under a key.

        An object that the test has made may have others by key than those of a loop.
        """
        self._forget_if_changed()
        self._is_untouched = False
        if self.first is not None and not self.is_made:
            self.first.take_whole()
        return self._contents

    def length(self, ask: Ask) -> int:
        """Return how many items the object has. So far only the first may be known."""
        self._forget_if_changed()
        length = self._contents.length(ask)
        if self.first is not None:
            self.check_least(len(self.first.items))
        return length

    # --- The first items of a loop ------------------------------------------------

    def first_items(self, source: Source) -> FirstItems | None:
        """Return the items that a loop takes in steps, or None if it takes all at once.

        `source.begin` returns the loop that gives more with the first ones, or what
        `Contents.items` takes. All are taken at once if any other fact of them is known.
        """
        self._forget_if_left()
        if self.first is not None or not self._is_untouched:
            return self.first
        found = source.begin()
        first = FirstItems(
            self._label, source, self, self._end_loop, self._second.kept_items()
        )
        match found:
            case [loop, list() as items, end] if type(loop) is not list:
                self.first = first
                first.begin(loop, items, end)
                return first
        self._is_untouched = False
        whole = self._contents.items(lambda: found, lambda: None)
        if whole is None:
            return None
        first.begin(None, list(whole), [None])
        return first

    def second_loop(self, source: Source) -> SecondLoop | None:
        """Return another loop, begun anew, if the check compares two readings.

        Return None for the first loop.
        """
        self._forget_if_left()
        return None if self.first is None else self._second.loop(source)

    def _forget_if_left(self) -> None:
        """Forget the items of loops that the test has left, if it has made the object.

        Another loop then begins anew, as in the notebook.
        """
        self._forget_if_changed()
        if self.is_made and self.first is not None and not self.first.loops:
            self._forget_answers()

    def check_least(self, count: int) -> None:
        """Raise NotDataError if the object is known to have fewer items."""
        known = self._contents.count
        if known is not None and known < count:
            raise NotDataError(
                f"{self._label} has a length of {known}, but gives {count} items"
            )

    def _end_loop(self, first: FirstItems, length: int | None) -> None:
        """Keep all items, unless the object may have changed since the loop began."""
        if self.first is first:
            self.first = None
            self._is_untouched = False
            self._contents.items(
                lambda: [first.items, length, False], lambda: len(first.items)
            )

    @property
    def second(self) -> SecondAnswers:
        """What the object has answered since then, in case it is asked again."""
        self._forget_if_changed()
        return self._second

    def _forget_if_changed(self) -> None:
        """Forget the answers if a call of another object may have changed this one.

        `agent.step()` may change the buffer that the test has made, or read from it.
        """
        if self._since != self._moment():
            self._forget_answers()

    def _moment(self) -> tuple[int, int]:
        """Return the moment since which answers hold: the last call, or the owner's last."""
        owner = self.owner if self.owner and self.owner.is_made else None
        return (
            self._steps() if self.is_made else 0,
            owner.times_forgotten if owner else 0,
        )

    def forget(self) -> None:
        """Forget the answers, since a call may have changed the object."""
        self._forget_answers()
        self._read.clear()

    def forget_all(self) -> None:
        """Forget all values, since the test has dropped the object."""
        self.forget()
        self._hash = None

    def _forget_answers(self) -> None:
        """Forget the answers. What was read from it stays what it was, if it is the same."""
        is_keyed = self._contents.is_keyed
        self._contents = Contents(self._label, lambda: self.is_made, is_keyed=is_keyed)
        self.first = None
        self._is_untouched = not is_keyed
        self._second.forget()
        self.times_forgotten += 1
        self._since = self._moment()
        self._texts: dict[str, str] = {}
        self._plain: list[object] = []

    def note_look(self, before: int | None) -> None:
        """Note that the object has been asked about itself, which runs its code.

        `before` is how often code had run before it was asked about its items, or None.
        What is known of its items then still holds.
        """
        if not self.is_made:
            return
        self.times_forgotten += 1
        if before is not None and self._since == (before, self._since[1]):
            self._since = self._moment()
            self._texts.clear()

    def forget_answers_with_owners(self) -> None:
        """Forget the answers about the object and its owners, since its code has run."""
        for seen in self._with_owners():
            seen._forget_answers()  # noqa: SLF001 - another of this class

    def forget_with_owners(self) -> None:
        """Forget the answers about the object and about those that it was read from."""
        for seen in self._with_owners():
            seen.forget()

    def _with_owners(self) -> "Iterator[Observations]":
        """Yield this and its owners, each once: objects may own each other in a circle."""
        found: list[Observations] = []
        seen: Observations | None = self
        while seen is not None and not any(seen is one for one in found):
            found.append(seen)
            yield seen
            seen = seen.owner

    def note_origin(
        self, origin: Origin, epoch: int, owner: "Observations | None" = None
    ) -> None:
        """Note that a test got the object from this place after `epoch` calls."""
        if origin[0] == "name":
            # The object is the notebook's own, even if a class gave it to the test, too.
            self.is_instance = False
        if self.owner is None and owner is not self:
            self.owner = owner
            self._since = self._moment()
        if self._origin is None:
            self._origin, self._obtained = origin, epoch
        elif origin == self._origin and epoch > self._obtained:
            self._obtained = epoch
            self.forget()

    # --- Answers ------------------------------------------------------------------

    def read(self, handle: object, name: str, student: Reading) -> Any:
        """Return the attribute's value. One that the notebook computes is asked each time."""
        known = self._read.get(name)
        if known is not None and known[:2] == (student.epoch, student.steps):
            return known[2].give()
        steps = student.steps
        answer = answer_of(
            lambda: student.read_values.as_before(student.ask("attr", handle, name))
        )
        self._read[name] = (student.epoch, steps, answer)
        return answer.give()

    def read_item(self, handle: object, key: object, student: Reading) -> Any:
        """Return the item under the key, which is asked for each time."""
        found = student.ask("operate", "getitem", handle, key)
        return student.read_values.as_before(found)

    def hash(self, epoch: int, ask: Ask) -> object:
        """Return the object's hash for sets, as it is since the test's last call."""
        if self._hash is None or self._hash[0] != epoch:
            self._hash = epoch, ask()
        return self._hash[1]

    def learn_hash(self, epoch: int, value: object) -> None:
        """Store the hash for sets, unless one is known since the last call."""
        self.hash(epoch, lambda: value)

    def fact(self, key: Origin, ask: Callable[[], bool]) -> bool:
        """Return a fact that never changes, such as the object's class."""
        if key not in self._facts:
            self._facts[key] = ask()
        return self._facts[key]

    def text(self, kind: str, ask: Ask) -> str:
        """Return the object's text of this kind: `repr` or `str`.

        An object that the test has made is asked each time.
        """
        self._forget_if_changed()
        if kind not in self._texts or self.is_made:
            words = ask()
            if type(words) is not str:
                raise NotDataError(f"{self._label} did not give text")
            self._texts[kind] = words
        return self._texts[kind]

    def plain(self, ask: Ask) -> Any:
        """Return the object's value as a plain collection, without its class."""
        self._forget_if_changed()
        if not self._plain:
            found = ask()
            if not isinstance(found, _COLLECTIONS):
                raise NotDataError(f"{self._label} is not a collection")
            self.contents.check_plain(found)
            self._plain.append(found)
        return self._plain[0]
