"""Old and malformed notebooks run as a repaired copy in format 4."""

import json
from typing import Any

import nbformat
import pytest

from formats.notebook.normalise import readable_notebook
from tests.submissions.builders import (
    check,
    code_cell,
    codes,
    notebook_bytes,
    warning_codes,
)


def readable(*cells: Any, **fields: Any) -> Any:
    """Return the notebook that the runner gets, as data that nbformat calls valid."""
    data = notebook_bytes(*cells, **fields)
    assert check(data).problems == ()
    text = readable_notebook(data)
    nbformat.validate(nbformat.reads(text, as_version=4))
    return json.loads(text)


def test_original_source_is_kept() -> None:
    made = readable(code_cell(["x = 1\n", "y = 2"]))
    assert made["cells"][0]["source"] == "x = 1\ny = 2"


def test_stored_outputs_and_counts_are_stripped() -> None:
    outputs = [{"output_type": "stream", "name": "stdout", "text": "hello"}]
    made = readable(code_cell(outputs=outputs, execution_count=7))
    assert made["cells"][0]["outputs"] == []
    assert made["cells"][0]["execution_count"] is None


def test_missing_minor_version_is_forgiven() -> None:
    assert readable(nbformat_minor=None)["nbformat_minor"] == 5


def test_later_minor_version_is_read() -> None:
    assert readable(nbformat_minor=99)["nbformat_minor"] == 5


def test_kind_of_cell_of_a_later_minor_version_is_kept_as_text() -> None:
    cell = {"cell_type": "future", "source": "some text"}
    made = readable(code_cell(), cell, nbformat_minor=99)
    assert [each["cell_type"] for each in made["cells"]] == ["code", "raw"]


@pytest.mark.parametrize("cell_id", [None, "", "<b>", "a" * 65, 7, "ümlaut", "a\n"])
def test_illegal_ids_are_replaced(cell_id: object) -> None:
    assert readable(code_cell(id=cell_id))["cells"][0]["id"] == "cell-1"


def test_duplicate_ids_are_replaced_except_the_first() -> None:
    made = readable(*[code_cell(id="a") for _ in range(3)])
    assert [cell["id"] for cell in made["cells"]] == ["a", "cell-2", "cell-3"]


def test_new_ids_differ_from_all_given_ones() -> None:
    made = readable(code_cell(), code_cell(id="cell-1"))
    assert [cell["id"] for cell in made["cells"]] == ["cell-1-", "cell-1"]


def test_same_bytes_always_give_the_same_copy() -> None:
    data = notebook_bytes(code_cell(), code_cell())
    assert readable_notebook(data) == readable_notebook(data)


@pytest.mark.parametrize("metadata", [None, [], "text", 7])
def test_metadata_of_the_wrong_type_is_dropped(metadata: object) -> None:
    made = readable(code_cell(metadata=metadata), metadata=metadata)
    assert made["metadata"] == made["cells"][0]["metadata"] == {}


def test_cell_metadata_is_kept() -> None:
    metadata = {"softmark": {"question": "q1"}, "tags": ["skip-execution"]}
    assert readable(code_cell(metadata=metadata))["cells"][0]["metadata"] == metadata


def test_metadata_of_a_cell_has_the_types_of_the_format() -> None:
    given = {
        "tags": ["a", 7, "a", "b,c", ""],
        "softmark": ["question"],
        "name": 3,
        "collapsed": "yes",
        "mine": [1],
    }
    made = readable(code_cell(metadata=given))
    assert made["cells"][0]["metadata"] == {"tags": ["a"], "mine": [1]}


def test_valid_attachments_are_kept() -> None:
    image = {"image/png": "aGVsbG8="}
    cell = {
        "cell_type": "markdown",
        "source": "",
        "attachments": {"a.png": image, "b.png": None, "c.png": {"image/png": 3}},
    }
    assert readable(cell)["cells"][0]["attachments"] == {"a.png": image}


def test_widget_state_is_dropped() -> None:
    made = readable(metadata={"widgets": {"state": "x" * 1000}, "title": "t"})
    assert made["metadata"] == {"title": "t"}


def test_nul_and_lone_surrogates_are_replaced_with_a_warning() -> None:
    source = "a = '\0\udc80'"
    made = readable(code_cell(source), metadata={"title": "\ud800"})
    assert made["cells"][0]["source"] == "a = '��'"
    assert made["metadata"]["title"] == "�"
    found = check(notebook_bytes(code_cell(source)))
    assert warning_codes(found) == ["notebook_characters"]


def test_infinite_number_in_metadata_is_refused() -> None:
    data = notebook_bytes(metadata={"a": 1}).replace(b'"a": 1', b'"a": 1e999')
    assert codes(check(data)) == ["notebook_unrepeatable"]


def old_notebook(version: int) -> bytes:
    """Return a notebook as IPython 0.12 to 2 saved it."""
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Title"},
        {"cell_type": "markdown", "source": ["some\n", "text"]},
        {
            "cell_type": "code",
            "language": "python",
            "input": ["x = 1\n", "x"],
            "outputs": [{"output_type": "pyout", "text": "1"}],
            "prompt_number": 1,
        },
    ]
    return json.dumps(
        {
            "nbformat": version,
            "nbformat_minor": 0,
            "metadata": {"name": ""},
            "worksheets": [{"cells": cells, "metadata": {}}],
        }
    ).encode()


@pytest.mark.parametrize("version", [2, 3])
def test_old_format_is_upgraded_with_a_warning(version: int) -> None:
    data = old_notebook(version)
    made = json.loads(readable_notebook(data))
    assert [cell["source"] for cell in made["cells"]] == [
        "## Title",
        "some\ntext",
        "x = 1\nx",
    ]
    assert warning_codes(check(data)) == ["notebook_old_format"]


def test_format_3_reads_as_nbformat_reads_it() -> None:
    theirs = nbformat.reads(old_notebook(3).decode(), as_version=4)
    ours = json.loads(readable_notebook(old_notebook(3)))
    assert [cell["source"] for cell in ours["cells"]] == [
        cell["source"] for cell in theirs["cells"]
    ]


@pytest.mark.parametrize(
    ("version", "code"),
    [(1, "notebook_too_old"), (0, "notebook_too_old"), (5, "notebook_too_new")],
)
def test_other_formats_are_refused(version: int, code: str) -> None:
    assert codes(check(notebook_bytes(nbformat=version))) == [code]
