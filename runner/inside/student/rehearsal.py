"""What most notebooks do, done once before they do it.

A zygote rehearses for all jobs, so that every job finds fonts, caches and compiled
kernels. A job's own process rehearses again while it waits for its job: a forked process
shares its parent's memory until it writes, and each first write costs time. Each job
draws its random numbers from a seed of its own, and both work in one thread.
"""

import io
from typing import Any

import matplotlib.pyplot as plt
import torch
from IPython.core.pylabtools import print_figure
from matplotlib_inline import backend_inline


def draw() -> None:
    """Draw a figure: fonts and caches are there after that."""
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
    interactive: Any = plt.draw_if_interactive
    if hasattr(interactive, "called"):  # once IPython has been told of matplotlib
        interactive.called = False


def train() -> None:
    """Train a net for two steps, if torch is built without GPU support.

    With it, training would touch the device, and no forked process could use it then.
    """
    if torch.version.cuda is not None or torch.version.hip is not None:
        return
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
