"""Removal of folders that an untrusted process may have filled."""

import os
import secrets
import stat
from pathlib import Path


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it."""
    if stat.S_ISDIR(path.lstat().st_mode):
        remove_tree(path)
    else:
        path.unlink()


def remove_tree(top: Path) -> None:
    """Remove a tree of any depth: each folder is first moved up, directly into `top`."""
    top.chmod(0o700)
    count = 0
    mark = secrets.token_hex(8)
    waiting = [entry.name for entry in os.scandir(top)]
    while waiting:
        path = top / waiting.pop()
        if not stat.S_ISDIR(path.lstat().st_mode):
            path.unlink()
            continue
        path.chmod(0o700)
        for entry in list(os.scandir(path)):
            if entry.is_dir(follow_symlinks=False):
                count += 1
                os.chmod(entry.path, 0o700)  # noqa: PTH101 - a long path's own name
                os.rename(entry.path, top / f".{mark}{count}")  # noqa: PTH104 - same
                waiting.append(f".{mark}{count}")
            else:
                os.unlink(entry.path)  # noqa: PTH108 - same
        path.rmdir()
    top.rmdir()
