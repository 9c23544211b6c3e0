"""The work that a zygote does once for all jobs: imports, a rehearsal, huge pages."""

import contextlib
import gc
import importlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import matplotlib.pyplot as plt
import torch
from IPython.core.pylabtools import print_figure
from matplotlib_inline import backend_inline

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


def rehearse() -> None:
    """Draw a figure and, if torch is built without GPU support, train a net.

    Both happen in one thread. Every job then finds fonts, caches and compiled kernels;
    each job draws its random numbers from a seed of its own.
    """
    _draw()
    if torch.version.cuda is None and torch.version.hip is None:
        # With GPU support, training would touch the device, and no job could use it then.
        _train()


def _draw() -> None:
    _, axes = plt.subplots()
    axes.plot([0, 1], label="$x^2$")
    axes.imshow([[0, 1]])
    axes.set_title("title")
    axes.set_xlabel("label")
    axes.legend()
    draw: Any = print_figure
    draw(axes.figure, bbox_inches="tight", base64=True)
    plt.close("all")
    # A notebook must show the figures that it draws itself, and not this one.
    forget: Any = backend_inline.flush_figures
    forget()


def _train() -> None:
    torch.set_num_threads(1)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3),
        torch.nn.BatchNorm2d(2),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(2 * 3 * 3, 2),
    )
    for kind in (torch.optim.SGD, torch.optim.Adam):
        optimiser = kind(net.parameters(), lr=0.1)
        scores = net(torch.rand(4, 1, 8, 8))
        loss = torch.nn.functional.cross_entropy(scores, torch.tensor([0, 1, 0, 1]))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        f"{loss.item()} {scores}"
    torch.save(net.state_dict(), io.BytesIO())


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
