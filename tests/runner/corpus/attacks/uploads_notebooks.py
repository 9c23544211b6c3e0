"""Rows 47 to 52: JSON that is deep, long, malformed or not a notebook."""

from collections.abc import Callable
from typing import Any, Final

from tests.runner.corpus.attack import MIB, Upload
from tests.submissions.builders import code_cell, notebook_bytes


def upload(
    row: int, name: str, build: Callable[[], bytes], expect: str | None
) -> Upload:
    """Return the upload of a notebook: refused with a code, or accepted repaired."""
    return Upload(row=row, name=name, data=build, expect=expect, control=notebook_bytes)


def with_metadata(text: bytes) -> bytes:
    """Return a notebook with this JSON text in its metadata."""
    return notebook_bytes(metadata={"x": "HERE"}).replace(b'"HERE"', text)


def with_output(**output: Any) -> bytes:
    """Return a notebook with a stored output."""
    return notebook_bytes(
        code_cell(outputs=[{"output_type": "display_data", **output}])
    )


def many_cells() -> bytes:
    """Return a notebook of 50,000 cells."""
    return notebook_bytes(*([code_cell("x")] * 50_000))


def many_outputs() -> bytes:
    """Return a notebook with 100,000 outputs."""
    one = {"output_type": "stream", "name": "stdout", "text": "x"}
    return notebook_bytes(code_cell(outputs=[one] * 100_000))


IMAGE: Final = "iVBORw0KGgo" + "A" * (10 * MIB)
NOTEBOOKS: Final = (
    upload(47, "arrays", lambda: b"[" * 100_000, "notebook_too_deep"),
    upload(
        47, "metadata", lambda: with_metadata(b"[" * 100_000 + b"]" * 100_000),
        "notebook_too_deep",
    ),
    upload(
        47, "objects", lambda: with_metadata(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
        "notebook_too_deep",
    ),
    upload(48, "million-digits", lambda: with_metadata(b"9" * 10**6), "notebook_number"),
    upload(48, "not-a-number", lambda: with_metadata(b"NaN"), "notebook_nan"),
    upload(48, "infinity", lambda: with_metadata(b"-Infinity"), "notebook_nan"),
    upload(
        48, "key-twice", lambda: with_metadata(b'{"a": 1, "a": 2}'),
        "notebook_duplicate_key",
    ),
    upload(48, "huge-exponent", lambda: with_metadata(b"1e999"), "notebook_unrepeatable"),
    upload(49, "cells", many_cells, "notebook_cells"),
    upload(49, "outputs", many_outputs, "notebook_outputs"),
    upload(49, "values", lambda: with_metadata(b"[" + b"[]," * 10**6 + b"1]"),
           "notebook_too_many"),
    upload(50, "nul", lambda: notebook_bytes(code_cell("x\0y")), None),
    upload(50, "lone-surrogate", lambda: notebook_bytes(code_cell("x\ud800")), None),
    upload(
        50, "surrogate-in-metadata",
        lambda: notebook_bytes(code_cell(metadata={"name": "\udfff\0"})), None,
    ),
    upload(50, "invalid-utf-8", lambda: with_metadata(b'"\xff\xfe"'), "notebook_bytes"),
    upload(51, "large-output", lambda: with_output(data={"image/png": IMAGE}), None),
    upload(
        51, "image-of-a-hundred-thousand-pixels-square",
        lambda: with_output(
            data={"image/png": "iVBORw0KGgo="},
            metadata={"image/png": {"width": 100_000, "height": 100_000}},
        ), None,
    ),
    upload(
        51, "large-attachment",
        lambda: notebook_bytes(
            {"cell_type": "markdown", "source": "", "metadata": {},
             "attachments": {"a.png": {"image/png": IMAGE}}}
        ), None,
    ),
    Upload(
        row=51, name="larger-than-asked-for", data=lambda: notebook_bytes(code_cell(IMAGE)),
        expect="file_too_large", max_bytes=MIB, control=notebook_bytes,
    ),
    Upload(
        row=25, name="weights-hidden-in-the-source",
        data=lambda: notebook_bytes(code_cell(f"weights = '{IMAGE}'")),
        expect="file_too_large", max_bytes=4 * MIB, control=notebook_bytes,
    ),
    upload(52, "format-99", lambda: notebook_bytes(nbformat=99), "notebook_too_new"),
    upload(52, "format-1", lambda: notebook_bytes(nbformat=1), "notebook_too_old"),
    upload(52, "format-as-text", lambda: notebook_bytes(nbformat="4"), "notebook_not"),
    upload(52, "no-cells", lambda: b'{"nbformat": 4, "metadata": {}}', "notebook_not"),
    upload(
        52, "format-3",
        lambda: b'{"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code",'
        b' "input": "x = 1", "outputs": [], "language": "python"}]}]}', None,
    ),
    upload(
        52, "unknown-cell", lambda: notebook_bytes({"cell_type": "shell", "source": ""}),
        "notebook_cell",
    ),
    upload(
        52, "ids-with-markup", lambda: notebook_bytes(code_cell(id="<script>")), None
    ),
    upload(52, "another-language",
           lambda: notebook_bytes(metadata={"language_info": {"name": "bash"}}),
           "notebook_language"),
)  # fmt: skip
