"""What a saved state holds, as data."""

import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from runner.jail.folder_walk import Key, key_of


@dataclass(frozen=True, eq=False, slots=True)
class Content:
    """The content of a file: a file of its own that never changes."""

    path: Path


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Entry:
    """What a state holds for one name.

    `key` is that of the file itself. `has_names` says that the state holds the file
    under several names. `target` is the text of a symbolic link. `children` are a
    folder's entries, in the order of its listing. `aside` is the name under which the
    file or folder itself lies aside.
    """

    mode: int
    key: Key
    accessed_ns: int = 0
    modified_ns: int = 0
    changed_ns: int = 0
    content: Content | None = None
    has_names: bool = False
    target: str = ""
    children: Mapping[str, "Entry"] = field(default_factory=dict)
    aside: str = ""

    @property
    def kind(self) -> int:
        return stat.S_IFMT(self.mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder whose content the state holds."""
        return stat.S_ISDIR(self.mode) and not self.aside


# A pipe or a socket is kept itself, if at all: it has no content to copy.
SPECIAL: Final = frozenset((stat.S_IFIFO, stat.S_IFSOCK))
# Bytes of an entry without its texts: the object, its numbers, and a place in a folder.
_ENTRY_BYTES: Final = 400


def shared_with(old: Entry | None, new: Entry) -> Entry:
    """Return the old entry if it says the same, so that states share what is the same."""
    if old is None or _own(old) != _own(new):
        return new
    if list(old.children) != list(new.children):
        return new
    # Children that say the same are the same objects: nothing below them is compared.
    same = (new.children[name] is one for name, one in old.children.items())
    return old if all(same) else new


def _own(entry: Entry) -> tuple[object, ...]:
    """Return all that the entry says, without its children."""
    return (
        entry.mode,
        entry.key,
        entry.accessed_ns,
        entry.modified_ns,
        entry.changed_ns,
        entry.content,
        entry.has_names,
        entry.target,
        entry.aside,
    )


def bytes_of(name: str, entry: Entry) -> int:
    """Return the bytes of memory that one entry takes up, without its children."""
    return _ENTRY_BYTES + sys.getsizeof(name) + sys.getsizeof(entry.target)


def entry_of(
    info: os.stat_result,
    *,
    content: Content | None = None,
    has_names: bool = False,
    target: str = "",
    children: Mapping[str, Entry] | None = None,
    aside: str = "",
) -> Entry:
    """Return the entry of a path that has this status."""
    return Entry(
        mode=info.st_mode,
        key=key_of(info),
        accessed_ns=info.st_atime_ns,
        modified_ns=info.st_mtime_ns,
        changed_ns=info.st_ctime_ns,
        content=content,
        has_names=has_names,
        target=target,
        children=children or {},
        aside=aside,
    )
