"""The machine's processor."""

import platform
from functools import cache
from pathlib import Path


@cache
def processor_name() -> str:
    """Return the processor's name, for the record."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    for line in text.splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
