"""Objects of psutil's that a notebook has made for its own process."""

import os
import sys
from typing import Any


def follow(parent: int) -> None:
    """Let those for the process `parent` describe this one, which was forked from it.

    A notebook that measures its memory makes such an object once, at its top.
    """
    psutil: Any = sys.modules.get("psutil")
    if psutil is None:
        return

    def attribute(name: str) -> property:
        def read(process: Any) -> Any:
            kept = vars(process)
            if kept.get("_pid") == parent:
                psutil.Process.__init__(process, os.getpid())
            if name in kept:
                return kept[name]
            raise AttributeError(name)

        def write(process: Any, value: Any) -> None:
            vars(process)[name] = value

        return property(read, write)

    for name in ("_pid", "_proc"):
        setattr(psutil.Process, name, attribute(name))
