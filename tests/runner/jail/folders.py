"""States of folders, as tests make them."""

import os
import time
from pathlib import Path
from typing import Final

from runner.jail import file_contents
from runner.jail.folder_states import FolderStates, Layout, StateFolder

# The time of files that a test writes, in seconds.
OLD: Final = 10**9


def states(work: Path, *, is_own: bool = True) -> FolderStates:
    """Return the saved states of `work` and of the folder `tmp` beside it."""
    folders = [
        StateFolder(
            path=top, spare=(work.parent if is_own else top) / "spare", originals=given
        )
        for top, given in ((work, work.parent / "files"), (work.parent / "tmp", None))
    ]
    layout = Layout(
        folders=folders,
        store=work.parent / "store",
        is_own=is_own,
    )
    return FolderStates(layout)


def copies(work: Path) -> int:
    return len(list((work.parent / "store").iterdir()))


def settle() -> None:
    """Wait until the file system's clock has advanced."""
    time.sleep(file_contents._STEP_NS / 10**9 + 0.005)


def write(path: Path, text: str) -> None:
    path.write_text(text)
    os.utime(path, (OLD, OLD))
