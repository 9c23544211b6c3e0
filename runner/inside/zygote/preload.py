"""The work that a zygote does once for all jobs: imports and huge pages."""

import contextlib
import gc
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runner.system import linux

# Modules that torch and IPython would import at first use, in every job again: the
# first optimiser alone takes a second.
_LAZY: Final = (
    "torch._dynamo",
    "torch.utils.data",
    "torch.utils.serialization.config",
    "torch._subclasses.schema_check_mode",
    "IPython.core.display",
    "IPython.core.logger",
    *(f"IPython.core.magics.{name}" for name in ("auto", "basic", "code", "config")),
    *(f"IPython.core.magics.{name}" for name in ("extension", "namespace", "osm")),
    *(f"IPython.core.magics.{name}" for name in ("execution", "history", "pylab")),
    *(f"IPython.core.magics.{name}" for name in ("display", "logging", "packaging")),
    "IPython.core.magics.script",
    "IPython.extensions.autoreload",
    "IPython.utils.timing",
    "matplotlib.animation",
    "pandas",
    "pexpect",
    "pygments.formatters.html",
    "pygments.formatters.terminal256",
    "pygments.lexers.python",
    "pygments.styles.default",
)
_HUGE_PAGE: Final = 2 * 1024**2
_PIECE: Final = 16 * 1024**2


def import_all() -> None:
    """Import every module that a notebook may import later."""
    for name in _LAZY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def freeze() -> None:
    """Exclude all present objects from garbage collection, which would write to them."""
    gc.collect()
    gc.freeze()


def compaction() -> Iterator[None]:
    """Move the memory that all jobs share into huge pages, one piece at each step.

    A fork copies one entry for each page, and the end of the child takes them apart
    again. With huge pages both take a third of the time. Each piece takes some 50 ms. The
    whole is worth it for a process that forks more than a few times. Needs Linux 6.1.
    """
    for start, end in list(_anonymous_memory()):
        first = -(-start // _HUGE_PAGE) * _HUGE_PAGE
        for piece in range(first, end - _HUGE_PAGE + 1, _PIECE):
            with contextlib.suppress(OSError):
                linux.use_huge_pages(piece, min(_PIECE, end - piece))
            yield


def _anonymous_memory() -> Iterator[tuple[int, int]]:
    """Yield the start and end of each range of this process's own writable memory."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights.startswith("rw") and (not name or name == ["[heap]"]):
            start, _, end = addresses.partition("-")
            yield int(start, 16), int(end, 16)
