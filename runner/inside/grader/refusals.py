"""What the grader refused a test: a check that met a refusal cannot pass.

A test may catch any exception, and one that expects an error of the student's would
take a refusal for it. It may also ask in a thread, or in a process that it forks: so a
refusal is noted in memory that forked processes share.
"""

import builtins
import mmap
from contextlib import suppress
from typing import Final, TypeVar

Refusal = TypeVar("Refusal", bound=Exception)

# In the shared memory: a mark, the length of the words in two bytes, the words.
_MET: Final = 1
_OVER: Final = 2
_WORDS_AT: Final = 3
_MOST: Final = mmap.PAGESIZE - _WORDS_AT


class RefusedElsewhereError(Exception):
    """A process that a test has forked met a refusal. `kind` is the exception's name."""

    def __init__(self, kind: str, words: str) -> None:
        self.kind = kind
        super().__init__(words or "a forked process was refused something")

    @property
    def told_as(self) -> type[BaseException]:
        """Return the class of Python's that is called so, or this one."""
        found = getattr(builtins, self.kind, None)
        if isinstance(found, type) and issubclass(found, BaseException):
            return found
        return type(self)


class _Check:
    """What one check has met, in whichever of its threads and processes.

    SECURITY: each check has memory of its own. A process that an earlier one has left
    behind writes where nobody reads any longer.
    """

    def __init__(self) -> None:
        self.met: list[Exception] = []
        # Anonymous, and shared with what is forked from here on.
        self.shared = mmap.mmap(-1, mmap.PAGESIZE)

    def note(self, error: Exception, mark: int) -> None:
        """Note the first of all. The mark counts, even if the words are cut off."""
        if not self.met:
            self.met.append(error)
        is_first = not self.shared[0]
        self.shared[0] |= mark
        if is_first:
            words = ""
            with suppress(Exception):  # of its own class
                words = str(error)[:_MOST]
            text = f"{type(error).__name__}\n{words}".encode("utf-8", "replace")
            text = text[:_MOST]
            self.shared[_WORDS_AT : _WORDS_AT + len(text)] = text
            self.shared[1:_WORDS_AT] = len(text).to_bytes(2, "little")

    def elsewhere(self) -> RefusedElsewhereError:
        """Return what another process has noted."""
        length = int.from_bytes(self.shared[1:_WORDS_AT], "little")
        text = self.shared[_WORDS_AT : _WORDS_AT + length]
        kind, _, words = text.decode("utf-8", "replace").partition("\n")
        return RefusedElsewhereError(kind, words)


_check = _Check()


def note(error: Refusal) -> Refusal:
    """Note that this was refused, and return it."""
    _check.note(error, _MET)
    return error


def note_end(error: Refusal) -> Refusal:
    """Note that the conversation with the snapshot has ended so, and return it."""
    _check.note(error, _OVER)
    return error


def not_permitted(words: str) -> PermissionError:
    """Return a PermissionError with these words for staff, which is noted."""
    return note(PermissionError(words))


def first() -> Exception | None:
    """Return the first refusal since `forget`, or None."""
    if _check.met:
        return _check.met[0]
    return _check.elsewhere() if _check.shared[0] else None


def is_over() -> bool:
    """Say whether the conversation has ended, for whichever process asked."""
    return bool(_check.shared[0] & _OVER)


def forget() -> None:
    """Begin anew: for another check, what this one met is of no interest."""
    global _check  # noqa: PLW0603 - one check at a time is judged
    _check = _Check()
