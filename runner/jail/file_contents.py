"""The contents of files in saved states, and what is known of the files themselves."""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runner.jail.file_changes import (
    READ,
    as_path,
    closing,
    have_same_data,
    open_to_write,
    send,
)
from runner.jail.folder_entries import Content
from runner.jail.folder_walk import Key, Place, key_of

# The kernel's clock for file times advances every few milliseconds. Two changes of a file
# within one step look like one.
_STEP_NS: Final = 20_000_000

# Size and blocks, and the times of access, of content and of any change.
_Stamp = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Record:
    """A file had this content when its status gave this stamp.

    `is_certain` says that every later change gives it another stamp.
    """

    stamp: _Stamp
    content: Content
    is_certain: bool


class Contents:
    """Copies of files' contents in a folder, whose file system limits their size.

    If `can_trust` is true, a file's times tell whether it was read, mapped into memory
    or changed: mapping it sets its time of access. Otherwise contents are always compared.
    """

    def __init__(self, store: Path, numbers: Iterator[int], *, can_trust: bool) -> None:
        self._store = store
        self._numbers = numbers
        self._can_trust = can_trust
        self._known: dict[Key, _Record] = {}
        self._next: dict[Key, _Record] = {}
        self._made: list[Path] = []

    def begin(self) -> None:
        """Begin a state."""
        self._next, self._made = {}, []

    def end(self) -> None:
        """End a state. What was known of files that it does not hold is forgotten."""
        self._known = self._next

    def undo(self) -> None:
        """Remove the copies that were made for a state that cannot be saved."""
        for copy in self._made:
            copy.unlink(missing_ok=True)

    def note(self, info: os.stat_result, content: Content, *, is_mapped: bool) -> None:
        """Note that the file has this content now."""
        is_certain = self._can_trust and not is_mapped and _is_settled(info)
        self._next[key_of(info)] = _Record(_stamp(info), content, is_certain)

    def keep(self, info: os.stat_result) -> Content | None:
        """Return the content that the file certainly has, and remember it further."""
        content = self.is_known(info)
        if content is not None:
            self._next[key_of(info)] = self._known[key_of(info)]
        return content

    def is_known(self, info: os.stat_result) -> Content | None:
        """Return the content that the file certainly has, None if that is not known."""
        record = self._known.get(key_of(info))
        if record is None or not record.is_certain or record.stamp != _stamp(info):
            return None
        return record.content

    def save(self, place: Place, guesses: Iterable[Content | None]) -> Content:
        """Return the content of the file at the place, copied if it is a new one.

        `guesses` are contents that it may have. Raises VanishedError, and OSError if there
        is no room.
        """
        known = self.is_known(place.info)
        if known is not None:
            return known
        record = self._known.get(key_of(place.info))
        first = [record.content] if record is not None else []
        with place.opened() as source:
            for guess in dict.fromkeys([*first, *guesses]):
                if guess is not None and _has(source, guess):
                    return guess
            copy = self._store / str(next(self._numbers))
            self._made.append(copy)
            with copy.open("xb") as sink:
                send(source, sink.fileno(), place.info.st_size)
        return Content(copy)

    def restore(
        self, content: Content, top: int, path: str, info: os.stat_result | None
    ) -> None:
        """Give the file this content, unless it has it. `info` is None for a new file."""
        if info is not None:
            if self.is_known(info) is content:
                return
            with contextlib.suppress(OSError):
                own = as_path(top, path)
                with closing(os.open(own, READ | os.O_NOFOLLOW)) as there:
                    if _has(there, content):
                        return
        with (
            closing(open_to_write(top, path)) as sink,
            content.path.open("rb") as source,
        ):
            send(source.fileno(), sink, os.fstat(source.fileno()).st_size)


def _has(fd: int, content: Content) -> bool:
    with content.path.open("rb") as other:
        return have_same_data(fd, other.fileno())


def _stamp(info: os.stat_result) -> _Stamp:
    return (
        info.st_size,
        info.st_blocks,
        info.st_atime_ns,
        info.st_mtime_ns,
        info.st_ctime_ns,
    )


def _is_settled(info: os.stat_result) -> bool:
    """Return whether any further change or mapping will give the file another time."""
    return max(info.st_ctime_ns, info.st_atime_ns) < time.time_ns() - _STEP_NS
