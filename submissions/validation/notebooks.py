"""Notebooks: readable, in Python, of a bearable size. Nothing in them is executed."""

import re
from collections.abc import Iterator
from typing import Final

from runner.notebook import other_language
from submissions.messages import problem, shown
from submissions.problems import Findings, Problem
from submissions.validation.kinds import HEAD, Kind, kind_of_head
from submissions.validation.metadata import notebook_metadata
from submissions.validation.readable import (
    Notebook,
    NotebookFaultError,
    as_text,
    cleaned,
    read_notebook,
)

MAX_WARNED: Final = 5
CONFLICT: Final = re.compile(r"^<{7} ", re.MULTILINE)
READABLE: Final = {Kind.NOTEBOOK, Kind.JSON, Kind.TEXT, Kind.UNKNOWN}
UNPACK: Final = "Unpack it and hand in the .ipynb file from it."
EXPORTED: Final = (
    "Hand in the .ipynb file itself, not an export or a page about it. On a web site, "
    "use the download link of the raw file."
)
SWAPPED: Final = "Were two files swapped? Put the weights in the weights' field."
FIXES: Final = {
    Kind.ZIP: UNPACK,
    Kind.GZIP: UNPACK,
    Kind.TAR: UNPACK,
    Kind.SEVEN_ZIP: UNPACK,
    Kind.RAR: UNPACK,
    Kind.SAFETENSORS: SWAPPED,
    Kind.TORCH_LEGACY: SWAPPED,
    Kind.PICKLE: SWAPPED,
    Kind.HDF5: SWAPPED,
    Kind.NUMPY: SWAPPED,
}


def check_notebook(data: bytes, *, name: str) -> Findings:
    """Return what is wrong with a notebook, and what its author may want to know.

    A notebook without problems has a text that runs: readable_notebook does not fail.
    """
    kind = kind_of_head(data[:HEAD])
    if kind not in READABLE:
        wrong = problem(
            "wrong_kind",
            file=name,
            wanted="a Jupyter notebook",
            found=kind.value,
            fix=FIXES.get(kind, EXPORTED),
        )
        return Findings(problems=(wrong,))
    try:
        notebook = read_notebook(data, name=name)
        as_text(notebook, name=name)
    except NotebookFaultError as fault:
        return Findings(problems=fault.problems)
    return Findings(
        problems=tuple(_check_language(notebook, name)),
        warnings=tuple(_warnings(notebook, name)),
    )


def _check_language(notebook: Notebook, name: str) -> Iterator[Problem]:
    """Judge the metadata as it is, and as it stands in the text that runs."""
    given = notebook.metadata
    language = other_language(given) or other_language(notebook_metadata(given))
    if language:
        yield problem("notebook_language", file=name, language=shown(language, 30))


def _warnings(notebook: Notebook, name: str) -> Iterator[Problem]:
    if notebook.is_old:
        version = shown(notebook.version, 20)
        yield problem("notebook_old_format", file=name, version=version)
    if not any(cell.source.strip() for _, cell in notebook.code_cells):
        yield problem("notebook_no_code", file=name)
    for code, is_so in (
        ("notebook_characters", lambda source: cleaned(source) != source),
        ("cell_conflict", _has_conflict),
    ):
        numbers = [n for n, cell in enumerate(notebook.cells, 1) if is_so(cell.source)]
        for number in numbers[:MAX_WARNED]:
            yield problem(code, file=name, cell=number)


def _has_conflict(source: str) -> bool:
    # Looked for first because it is fast.
    return "<<<<<<< " in source and CONFLICT.search(source) is not None
