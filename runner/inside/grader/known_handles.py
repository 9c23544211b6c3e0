"""The handles that a test has, and which objects the snapshot need no longer keep."""

import itertools
import sys
import weakref
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from runner.inside.grader.handles import Handle, number_of, observations_of

# What `sys.getrefcount` returns for a handle that the test has dropped.
_OURS: Final = 3
# How many handles are looked at before each question.
_LOOKS: Final = 32


class Shared(Protocol):
    """A conversation that forked processes take part in."""

    @property
    def has_forked(self) -> bool:
        """Whether another process may ask."""


class KnownHandles:
    """The handles of one check by number: a test that asks twice gets the same handle.

    A handle that only this class still has is dropped by the test. The snapshot is told
    its number, so that a network that a test has made and dropped takes no memory. What
    a name of the notebook has is not looked at, since the notebook keeps it.
    """

    def __init__(self) -> None:
        self._handles: dict[int, Handle] = {}
        self._named: set[int] = set()
        # Those that are looked at: the first again after all the others.
        self._waiting: dict[int, None] = {}
        # Handles of earlier checks, which a test may have kept outside of its check.
        self._earlier: dict[int, list[weakref.ref[Handle]]] = {}
        self._is_new_check = False

    def add(self, handle: Handle) -> None:
        """Add a handle that the test gets now."""
        self._handles[number_of(handle)] = handle

    def given(self, number: int, *, is_name: bool) -> Handle | None:
        """Return the handle with this number, which an answer gives the test, or None.

        `is_name` says that the answer is the value of a name of the notebook.
        """
        if is_name:
            self._named.add(number)
            self._waiting.pop(number, None)
        elif number not in self._named:
            self._waiting.setdefault(number)
        return self._handles.get(number)

    def begin_check(self, others: Iterable[Handle]) -> None:
        """Forget the handles, and these `others`; the snapshot learns which are gone."""
        for handle in (*self._handles.values(), *others):
            refs = self._earlier.setdefault(number_of(handle), [])
            refs.append(weakref.ref(handle))
        self._handles.clear()
        self._named.clear()
        self._waiting.clear()
        self._is_new_check = True

    def told(self, endpoint: Shared) -> dict[str, object]:
        """Return what a question's header says of handles that the test has dropped.

        `ended` are the numbers of those that went with their check, `dropped` those of
        this check. If there was a fork, a forked process has the handles of this check
        too, so none of them counts as dropped.
        """
        ended: list[int] = []
        if self._is_new_check:
            self._is_new_check = False
            ended += self._gone_with_their_check()
        dropped = [] if endpoint.has_forked else list(self._dropped())
        told: dict[str, object] = {"ended": ended, "dropped": dropped}
        return {name: numbers for name, numbers in told.items() if numbers}

    def _dropped(self) -> Iterator[int]:
        for number in list(itertools.islice(self._waiting, _LOOKS)):
            del self._waiting[number]
            if self._is_dropped(number):
                yield number
            else:
                self._waiting[number] = None

    def _gone_with_their_check(self) -> list[int]:
        for number, refs in list(self._earlier.items()):
            alive = [ref for ref in refs if ref() is not None]
            self._earlier[number] = alive
        gone = [number for number, refs in self._earlier.items() if not refs]
        for number in gone:
            del self._earlier[number]
        return gone

    def _is_dropped(self, number: int) -> bool:
        """Return whether the test has dropped the handle, and forget what it knows if so."""
        handle = self._handles.get(number)
        if handle is None or number in self._earlier:
            return False
        if sys.getrefcount(handle) > _OURS:
            return False
        observations_of(handle).forget_all()
        return True
