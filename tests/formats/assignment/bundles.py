"""A small sound bundle that tests write, and break in one place."""

import json
from pathlib import Path
from typing import Any, Final

from formats.assignment import (
    ImportRefusedError,
    read_bundle,
)
from formats.problems import Problem

MANIFEST: Final = """\
format: 1
title: A small task
notebook: task.ipynb
required_files:
  - name: task.ipynb
    kind: notebook
    max_mb: 2
questions:
  - key: add
    title: Adding
    points: 3
    checks:
      - name: small
        points: 1
        visibility: always
      - name: large
        points: 2
  - key: essay
    title: In your own words
    points: 2
    kind: manual
"""
TESTS: Final = '''\
def small(add):
    """Small numbers are added."""
    return add(1, 2) == 3


def large(add, private):
    """Large numbers are added."""
    return add(10**20, 1) == _expected()


def _expected():
    return 10**20 + 1
'''
# The first line of a cell that answers the question which people mark.
ESSAY: Final = "# softmark: answer essay\n"
_ADD: Final = "def add(a, b):\n    "
STAFF_CELLS: Final = (
    f"{ESSAY}{_ADD}### BEGIN SOLUTION\n    return a + b\n    ### END SOLUTION",
    "# softmark: check add\nprint(add(1, 2))",
)
HANDOUT_CELLS: Final = (
    f"{ESSAY}{_ADD}# YOUR CODE HERE\n    raise NotImplementedError",
    STAFF_CELLS[1],
)


def notebook_of(*sources: str) -> dict[str, Any]:
    """Return a notebook with one code cell for each source."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def write_bundle(folder: Path, **files: str | bytes | None) -> Path:
    """Write a sound bundle; a file named in `files` gets that text, or is left out.

    The names: manifest, tests, staff, handout.
    """
    content: dict[str, str | bytes | None] = {
        "manifest": MANIFEST,
        "tests": TESTS,
        "staff": json.dumps(notebook_of(*STAFF_CELLS)),
        "handout": json.dumps(notebook_of(*HANDOUT_CELLS)),
        **files,
    }
    for name, path in (
        ("manifest", "assignment.yaml"),
        ("tests", "tests/add.py"),
        ("staff", "staff.ipynb"),
        ("handout", "handout.ipynb"),
    ):
        text = content[name]
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            data = text if isinstance(text, bytes) else text.encode()
            (folder / path).write_bytes(data)
    return folder


def faults_of(folder: Path) -> tuple[Problem, ...]:
    """Return the faults found in the folder; none if it is sound."""
    try:
        read_bundle(folder)
    except ImportRefusedError as error:
        return error.problems
    return ()


def faults_with(folder: Path, old: str, new: str) -> tuple[Problem, ...]:
    """Return the faults of a bundle whose manifest has one text replaced by another."""
    assert old in MANIFEST
    return faults_of(write_bundle(folder, manifest=MANIFEST.replace(old, new)))


def line_of(text: str, manifest: str = MANIFEST) -> int:
    """Return the line of the manifest on which a text first occurs."""
    return manifest[: manifest.index(text)].count("\n") + 1
