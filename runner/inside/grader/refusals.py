"""Refusals of the grader, noted so that a check that met one cannot pass.

A test may catch any exception, and one that expects an error of the student's would
accept a refusal in its place. It may also ask in a thread, or in a process that it
forks: so a refusal is noted in memory that forked processes share.

SECURITY: this module is imported in the zygote. No memory may be shared there, since all
jobs would inherit it: it is made in the grader, by `forget`.
"""

import builtins
import mmap
from contextlib import suppress
from typing import Final, TypeVar

Refusal = TypeVar("Refusal", bound=Exception)

# The shared memory: a mark, the length of the text in two bytes, the text.
_MET: Final = 1
_OVER: Final = 2
_WORDS_AT: Final = 3
_MOST: Final = mmap.PAGESIZE - _WORDS_AT


class RefusedInChildError(Exception):
    """Raised for a refusal in a forked process. `kind` is the exception's name there."""

    def __init__(self, kind: str, words: str) -> None:
        self.kind = kind
        super().__init__(words or "the grader refused something in a forked process")

    @property
    def class_to_report(self) -> type[BaseException]:
        """The built-in class with the name `kind`, or this class."""
        found = getattr(builtins, self.kind, None)
        if isinstance(found, type) and issubclass(found, BaseException):
            return found
        return type(self)


class _Check:
    """The refusals that one check has met, in all its threads and processes.

    SECURITY: each check has its own memory. A process that an earlier check has left
    behind writes where nobody reads any longer.
    """

    def __init__(self, shared: mmap.mmap | bytearray) -> None:
        self.met: list[Exception] = []
        self.shared = shared

    def note(self, error: Exception, mark: int) -> None:
        """Note the first error. The mark counts for every one, even if the text is cut off."""
        if not self.met:
            self.met.append(error)
        is_first = not self.shared[0]
        self.shared[0] |= mark
        if is_first:
            words = ""
            with suppress(Exception):  # raised by the error's own class
                words = str(error)[:_MOST]
            text = f"{type(error).__name__}\n{words}".encode("utf-8", "replace")
            text = text[:_MOST]
            self.shared[_WORDS_AT : _WORDS_AT + len(text)] = text
            self.shared[1:_WORDS_AT] = len(text).to_bytes(2, "little")

    def in_child(self) -> RefusedInChildError:
        """Return the refusal that another process has noted."""
        length = int.from_bytes(self.shared[1:_WORDS_AT], "little")
        text = self.shared[_WORDS_AT : _WORDS_AT + length]
        kind, _, words = text.decode("utf-8", "replace").partition("\n")
        return RefusedInChildError(kind, words)


# Up to the first `forget`, this process alone sees what it has noted.
_check = _Check(bytearray(mmap.PAGESIZE))


def note(error: Refusal) -> Refusal:
    """Note that this was refused, and return it."""
    _check.note(error, _MET)
    return error


def note_end(error: Refusal) -> Refusal:
    """Note that this ended the conversation with the snapshot, and return it."""
    _check.note(error, _OVER)
    return error


def not_permitted(words: str) -> PermissionError:
    """Return a PermissionError with this message for staff, after noting it."""
    return note(PermissionError(words))


def first() -> Exception | None:
    """Return the first refusal since `forget`, or None."""
    if _check.met:
        return _check.met[0]
    return _check.in_child() if _check.shared[0] else None


def is_over() -> bool:
    """Return whether the conversation has ended, in whichever process."""
    return bool(_check.shared[0] & _OVER)


def forget() -> None:
    """Forget what was noted, before another check.

    Processes that are forked from here on share what they note with this one.
    """
    global _check  # noqa: PLW0603 - one check runs at a time
    _check = _Check(mmap.mmap(-1, mmap.PAGESIZE))
