"""Files and folders that states need themselves, kept out of the job's reach.

What a process has open at a check cell is still open in its snapshot. If a later cell
removes or replaces such a file, a copy of it would be another file to the snapshot.
"""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.jail import file_changes
from runner.jail.folder_walk import Key, Place, VanishedError, key_of


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the folders of which a state consists, as descriptors.

    `spare` is a folder on the same mount that belongs to no state, -1 if there is none.
    `originals` holds copies, which never change, of files that lie below `given` at
    first. `given` is "" or a path that ends in "/". `is_newest_first` says that a
    listing begins with what was made last.
    """

    top: int
    spare: int
    originals: Path | None = None
    given: str = ""
    is_newest_first: bool = True

    @property
    def spare_key(self) -> Key | None:
        """The key of the spare folder, which belongs to no state, None without one."""
        return key_of(os.fstat(self.spare)) if self.spare >= 0 else None


class HeldFiles:
    """Further names, in a spare folder, of files that states need themselves.

    A folder can have one name only. So an open folder is moved there when it would be
    removed.
    """

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self._files: dict[Key, tuple[int, str]] = {}
        self._folders: dict[Key, tuple[int, str]] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._files or key in self._folders

    def files(self) -> list[tuple[int, str]]:
        """Return the open spare folder and the name of each held file."""
        return list(self._files.values())

    def hold(self, place: Place, spare: int) -> os.stat_result:
        """Give the file a further name. Return its status. Raises VanishedError."""
        key = key_of(place.info)
        if key not in self._files:
            name = f"held{next(self._numbers)}"
            os.link(
                place.name,
                name,
                src_dir_fd=place.parent,
                dst_dir_fd=spare,
                follow_symlinks=False,
            )
            if key_of(file_changes.status(spare, name)) != key:
                os.unlink(name, dir_fd=spare)
                raise VanishedError(errno.ESTALE, "the path is another file by now")
            self._files[key] = spare, name
        spare, name = self._files[key]
        return file_changes.status(spare, name)

    def hold_folder(self, part: Part, path: str, info: os.stat_result) -> None:
        """Move the empty folder away."""
        name = f"held{next(self._numbers)}"
        file_changes.move((part.top, path), (part.spare, name), info.st_mode)
        self._folders[key_of(info)] = part.spare, name

    def bring_back(self, key: Key, part: Part, path: str) -> bool:
        """Put the file or folder at the path. Return whether it is a held one."""
        if key in self._files:
            spare, name = self._files[key]
            os.link(name, path, src_dir_fd=spare, dst_dir_fd=part.top)
            return True
        if key in self._folders:
            spare, name = self._folders.pop(key)
            mode = file_changes.status(spare, name).st_mode
            file_changes.move((spare, name), (part.top, path), mode)
            return True
        return False
