"""Validation answers any bytes with problems in words, in bounded time."""

import json
from datetime import timedelta
from typing import Any

import nbformat
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.findings import Findings
from formats.notebook.normalise import readable_notebook
from formats.notebook.opened_files import find_missing_files
from tests.submissions.builders import (
    POINTER,
    check,
    code_cell,
    notebook_bytes,
    safetensors_bytes,
    state_dict_bytes,
    tensor,
)

KINDS = ("notebook", "safetensors", "state_dict", "other")
SOON = timedelta(seconds=2)
STARTS = (b"", b"PK\x03\x04", b"\x80\x02", b"{", b'{"nbformat": 4, "cells": [')
WHOLE = (
    notebook_bytes(code_cell("open('a.txt')", id="a"), code_cell(["x = 1\n", "y"])),
    safetensors_bytes({"a": tensor(), "b": tensor(begin=8, end=16)}, bytes(16)),
    state_dict_bytes(),
    POINTER,
)


def judged(data: bytes, kind: str) -> Findings:
    """Return all that is found, after asserting that it can be shown and stored."""
    found = check(data, kind)
    for each in (*found.problems, *found.warnings):
        assert each.message.isprintable()
        assert each.hint.isprintable()
        assert len(each.message) < 600
        json.dumps(each.as_json(), ensure_ascii=False).encode()
    return found


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return a valid file with a few bytes changed, added, removed or repeated."""
    data = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 12))
        data[at : at + length] = draw(
            st.binary(max_size=12) | st.just(bytes(data[at : at + length]) * 3)
        )
    return bytes(data)


@given(st.sampled_from(STARTS), st.binary(max_size=400), st.sampled_from(KINDS))
@settings(deadline=SOON)
def test_any_bytes_are_validated(start: bytes, rest: bytes, kind: str) -> None:
    judged(start + rest, kind)


@given(mutated(), st.sampled_from(KINDS))
@settings(deadline=SOON, max_examples=400)
def test_damaged_files_are_validated(data: bytes, kind: str) -> None:
    judged(data, kind)


letters = st.characters(codec=None, categories=None)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(letters, max_size=8)
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(letters, max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
names = st.sampled_from(
    [
        "tags",
        "name",
        "title",
        "authors",
        "kernelspec",
        "language_info",
        "softmark",
        "nbgrader",
        "collapsed",
        "scrolled",
        "execution",
        "jupyter",
        "format",
        "widgets",
        "language",
        "display_name",
        "image/png",
    ]
)
metadata = anything | st.dictionaries(
    names, anything | st.dictionaries(names, anything | st.lists(st.text(letters)))
)
sources = anything | st.text(letters, max_size=30) | st.lists(st.text(letters))
cells = anything | st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "heading"])},
    optional={
        "source": sources,
        "input": sources,
        "id": anything,
        "metadata": metadata,
        "outputs": anything,
        "attachments": metadata | st.dictionaries(names, metadata),
        "level": anything,
    },
)
documents = st.fixed_dictionaries(
    {"nbformat": st.sampled_from([2, 3, 4]) | anything},
    optional={
        "nbformat_minor": anything,
        "metadata": metadata,
        "cells": st.lists(cells, max_size=4) | anything,
        "worksheets": anything | st.lists(st.fixed_dictionaries({"cells": anything})),
    },
)


@given(documents)
@settings(deadline=SOON, max_examples=400)
def test_notebook_without_problems_always_has_a_text_that_runs(document: Any) -> None:
    data = json.dumps(document).encode()
    if judged(data, "notebook").problems:
        return
    text = readable_notebook(data)
    text.encode()
    made = nbformat.reads(text, as_version=4)
    nbformat.validate(made)
    assert all(not cell.get("outputs") for cell in made.cells)


@given(st.lists(st.text(letters, max_size=60), max_size=4))
@settings(deadline=SOON)
def test_any_code_is_scanned(code: list[str]) -> None:
    data = notebook_bytes(*[code_cell(source) for source in code])
    for found in find_missing_files(data, name="w", present={"a.txt"}):
        assert found.message.isprintable()


PIECES = (
    "open(", "torch.load(", "'a.txt'", '"/b/c.pth"', ")", ", ", "\n", "x = ", "x", " + ",
    "f'{x}.pt'", "Path(", " / ", "%%time\n", "!ls\n", "%cd /x\n", "def f():\n    ", "'w'",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@settings(deadline=SOON, max_examples=300)
def test_code_like_text_is_scanned(code: str) -> None:
    find_missing_files(notebook_bytes(code_cell(code)), name="w", present={"a.txt"})


@given(anything, st.binary(max_size=40))
@settings(deadline=SOON)
def test_any_safetensors_header_is_validated(header: Any, data: bytes) -> None:
    text = json.dumps({"a": header, "b": tensor()}).encode()
    judged(safetensors_bytes(text, data), "safetensors")


@given(st.binary(max_size=200))
@settings(deadline=SOON)
def test_any_pickle_in_a_state_dict_is_validated(pickled: bytes) -> None:
    judged(state_dict_bytes(pickled), "state_dict")
