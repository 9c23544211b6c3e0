"""Runs cells in this process, which has torch imported and has run them before.

That is the cells' own time: nothing starts, watches or ends them.
"""

import random
import time
from typing import Any

import matplotlib as mpl

mpl.use("agg")

import numpy as np
import torch
from IPython.core.pylabtools import print_figure
from matplotlib import pyplot as plt

from bench.workers.lines import Answer, serve


def run(request: dict[str, list[str]]) -> Answer:
    """Return how long each cell took, with the drawing of the figures it leaves."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    names: dict[str, Any] = {"__name__": "__main__"}
    cells = []
    for source in request["cells"]:
        begun = time.perf_counter()
        exec(compile(source, "<cell>", "exec"), names)  # noqa: S102 - our own cells
        for number in plt.get_fignums():
            # The inline backend draws it in the same way.
            print_figure(  # type: ignore[no-untyped-call]
                plt.figure(number), bbox_inches="tight", base64=True
            )
        plt.close("all")
        cells.append(time.perf_counter() - begun)
    return {"seconds": sum(cells), "cells": cells}


if __name__ == "__main__":
    torch.set_num_threads(1)
    serve(run, {"torch": torch.__version__})
