"""Folders that tests may write to, emptied between questions.

What one question's tests have stored of a student's values would else take the room of
another question's.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from runner.jail import policy

_IN_A_JAIL: Final = (*policy.TEMPORARY, policy.SHARED_MEMORY)


class Scratch:
    """The folders, with what lies in them before any test has run."""

    def __init__(self) -> None:
        temporary = tempfile.gettempdir()
        # Without a jail the folders of the system are not this process's own.
        others = _IN_A_JAIL if temporary in policy.TEMPORARY else ()
        places = dict.fromkeys(map(Path, (Path.cwd(), temporary, *others)))
        self._folders = [place for place in places if os.access(place, os.W_OK)]
        self._there = {path for place in self._folders for path in place.rglob("*")}

    def clear(self) -> None:
        """Remove what has come since; what cannot be removed stays."""
        for place in self._folders:
            # What lies in a folder comes before the folder.
            for path in sorted(place.rglob("*"), reverse=True):
                if path not in self._there:
                    with suppress(OSError):
                        path.rmdir() if _is_folder(path) else path.unlink()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
