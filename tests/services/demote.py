"""Become another user, then a program tied to its parent: `demote.py UID GID PPID …`.

The kernel forgets the death signal when a process changes its user, so the change
comes first. Run as a script, because that user may not reach Python's own files.
"""

import os
import runpy
import sys
from pathlib import Path

LAUNCHER = Path(__file__).parents[2] / "portal" / "supervisor" / "launch.py"


def main(arguments: list[str]) -> None:
    """Drop every right of the present user, then run the command."""
    launch = runpy.run_path(str(LAUNCHER))
    os.setgroups([])
    os.setgid(int(arguments[1]))
    os.setuid(int(arguments[0]))
    launch["main"](arguments[2:])


if __name__ == "__main__":
    main(sys.argv[1:])
