"""Check that notebooks are readable, in Python and not too large, executing nothing."""

import contextlib
import io
import re
from collections.abc import Iterator
from typing import Final

from formats.findings import (
    Findings,
    Name,
)
from formats.kinds import (
    ARCHIVES,
    HEAD,
    MAC_NOTE,
    Kind,
    is_no_json,
    kind_of_head,
    wrong_kind,
)
from formats.notebook.assignment_context import NO_CONTEXT, AssignmentContext
from formats.notebook.metadata import notebook_metadata
from formats.notebook.normalise import (
    Notebook,
    NotebookFaultError,
    as_text,
    cleaned,
    read_notebook,
)
from formats.problems import Problem
from formats.submission_words import problem, shown
from formats.zip_directory import ZipFaultError, kind_of_zip, read_zip
from runner.protocol.notebook import other_language

MAX_WARNED: Final = 5
CONFLICT: Final = re.compile(r"^<{7} ", re.MULTILINE)
READABLE: Final = {Kind.NOTEBOOK, Kind.JSON, Kind.TEXT, Kind.UNKNOWN}
UNPACK: Final = "Unpack it and hand in the .ipynb file from it."
EXPORTED: Final = (
    "Hand in the .ipynb file itself, not an export or a page about it. On a web site, "
    "use the download link of the raw file."
)
SWAPPED: Final = "Were two files swapped? Put the weights in the weights' field."
SCRIPT: Final = "Hand in the .ipynb file itself, not a script made from it."
OTHER: Final = "Hand in the .ipynb file, as Jupyter saves it."
WEIGHTS: Final = (
    *(Kind.SAFETENSORS, Kind.TORCH_ZIP, Kind.TORCHSCRIPT, Kind.TORCH_EXPORT),
    *(Kind.TORCH_LEGACY, Kind.PICKLE, Kind.HDF5, Kind.KERAS, Kind.GGUF),
    *(Kind.NUMPY, Kind.NUMPY_ZIP),
)
FOREIGN: Final = (
    *(Kind.TEXT, Kind.OFFICE, Kind.RTF, Kind.PARQUET, Kind.SQLITE),
    *(Kind.MEDIA, Kind.PROGRAM),
)
FIXES: Final = {
    **dict.fromkeys(ARCHIVES, UNPACK),
    **dict.fromkeys(WEIGHTS, SWAPPED),
    **dict.fromkeys(FOREIGN, OTHER),
    Kind.PYTHON: SCRIPT,
    Kind.MAC_NOTE: MAC_NOTE,
}


def check_notebook(
    data: bytes, *, name: Name, context: AssignmentContext = NO_CONTEXT
) -> Findings:
    """Return what is wrong with a notebook, and what its author may want to know.

    For a notebook without problems, readable_notebook does not fail.
    """
    kind = _kind(data)
    if kind not in READABLE or is_no_json(kind, data[:HEAD]):
        fix = FIXES.get(kind, EXPORTED)
        wrong = wrong_kind(kind, name, wanted="a Jupyter notebook", fix=fix)
        return Findings(problems=(wrong,))
    try:
        notebook = read_notebook(data, name=name)
        as_text(notebook, name=name)
    except NotebookFaultError as fault:
        return Findings(problems=fault.problems)
    return Findings(
        problems=tuple(_check_language(notebook, name)),
        warnings=tuple(_warnings(notebook, name, context)),
    )


def _kind(data: bytes) -> Kind:
    kind = kind_of_head(data[:HEAD])
    if kind is Kind.ZIP:
        with contextlib.suppress(ZipFaultError):
            return kind_of_zip(read_zip(io.BytesIO(data)))
    return kind


def _check_language(notebook: Notebook, name: Name) -> Iterator[Problem]:
    """Check the metadata as it was handed in, and as it is in the text that runs."""
    given = notebook.metadata
    language = other_language(given) or other_language(notebook_metadata(given))
    if language:
        yield problem("notebook_language", file=name, language=shown(language, 30))


def _warnings(
    notebook: Notebook, name: Name, context: AssignmentContext
) -> Iterator[Problem]:
    if notebook.is_old:
        version = shown(notebook.version, 20)
        yield problem("notebook_old_format", file=name, version=version)
    cells = context.numbered(notebook)
    if not any(each.number for each in cells):
        yield problem("notebook_no_code", file=name)
    for code, is_so in (
        ("notebook_characters", lambda source: cleaned(source) != source),
        ("cell_conflict", _has_conflict),
    ):
        found = [
            each for each in cells if not each.is_given and is_so(each.cell.source)
        ]
        for each in found[:MAX_WARNED]:
            yield problem(code, file=name, where=each.where)


def _has_conflict(source: str) -> bool:
    # The plain search comes first because it is fast.
    return "<<<<<<< " in source and CONFLICT.search(source) is not None
