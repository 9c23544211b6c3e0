"""Runs notebooks as nbclient does: a new stock kernel for each, and no sandbox.

nbclient itself is imported before the clock starts.
"""

import sys
import time
from typing import Any

import nbformat
from nbclient import NotebookClient

from bench.workers.lines import Answer, serve


class Stamps:
    """When each cell began and ended, by nbclient's own hooks."""

    def __init__(self) -> None:
        self.begun: list[float] = []
        self.ended: list[float] = []

    def on_cell_start(self, **_: Any) -> None:
        self.begun.append(time.perf_counter())

    def on_cell_executed(self, **_: Any) -> None:
        self.ended.append(time.perf_counter())


def run(request: dict[str, str]) -> Answer:
    """Return how long the notebook took, from no kernel to no kernel."""
    notebook = nbformat.reads(  # type: ignore[no-untyped-call]
        request["notebook"], as_version=4
    )
    stamps = Stamps()
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": request["folder"]}},
        on_cell_start=stamps.on_cell_start,
        on_cell_executed=stamps.on_cell_executed,
    )
    begun = time.perf_counter()
    client.execute()
    ended = time.perf_counter()
    return {
        "seconds": ended - begun,
        "start": stamps.begun[0] - begun,
        "cells": [b - a for a, b in zip(stamps.begun, stamps.ended, strict=True)],
        "end": ended - stamps.ended[-1],
        "notebook": nbformat.writes(notebook),  # type: ignore[no-untyped-call]
    }


if __name__ == "__main__":
    serve(run, {"python": sys.version.split()[0]})
