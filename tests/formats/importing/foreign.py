"""Small notebooks in the formats of nbgrader and Otter, written for our tests."""

import json
import zipfile
from pathlib import Path
from typing import Any, Final

from formats.assignment import (
    Bundle,
    ImportRefusedError,
    read_bundle,
)
from formats.importing import ImportOptions, PreparedFolder, prepare_folder
from formats.problems import Problem

# Nobody can tell which code such a notebook runs.
NO_CELL: Final = "This is not a cell of a notebook."


def code(source: str, **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": metadata,
        "execution_count": 3,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "seen\n"}],
        "source": source,
    }


def text(source: str, **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": metadata, "source": source}


def marks(grade_id: str, **said: Any) -> dict[str, Any]:
    """Return the metadata of an nbgrader cell; flags that are not given are false."""
    flags = dict.fromkeys(("grade", "solution", "locked", "task"), False)
    return {"nbgrader": {**flags, "schema_version": 3, "grade_id": grade_id, **said}}


def checking(grade_id: str, source: str, **said: Any) -> dict[str, Any]:
    said = {"grade": True, "locked": True, "points": 2, **said}
    return code(source, **marks(grade_id, **said))


def notebook(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "cells": list(cells),
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 4,
    }


def write(folder: Path, name: str, *cells: dict[str, Any], **metadata: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook(*cells, **metadata)))
    return path


def ok_file(name: str, *cases: dict[str, Any], **said: Any) -> str:
    test = {"name": name, "suites": [{"cases": list(cases), "type": "doctest"}], **said}
    return f"OK_FORMAT = True\n\ntest = {test!r}\n"


def converted(
    source: Path, scratch: Path, **options: Any
) -> tuple[PreparedFolder, Bundle]:
    """Return the folder in our own format, read and found sound."""
    scratch.mkdir(exist_ok=True)
    found = prepare_folder(source, scratch=scratch, options=ImportOptions(**options))
    assert_called_as_in_a_run(found.notes)
    return found, read_bundle(found.folder)


def refused(source: Path, scratch: Path, **options: Any) -> tuple[Problem, ...]:
    """Return why nothing can be imported; nothing if all is well."""
    try:
        converted(source, scratch, **options)
    except ImportRefusedError as error:
        assert_called_as_in_a_run(error.problems)
        return error.problems
    return ()


def assert_called_as_in_a_run(faults: tuple[Problem, ...]) -> None:
    """Assert for every tested import that each cell is called as in its run."""
    counted = [each for each in faults if "text cells counted" in each.place]
    assert all(each.message == NO_CELL for each in counted), counted


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
    return target


def sources(folder: Path, name: str) -> list[str]:
    cells = json.loads((folder / name).read_text())["cells"]
    return [cell["source"] for cell in cells]
