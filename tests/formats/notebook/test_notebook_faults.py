"""A notebook that cannot be read is refused with the place and a remedy."""

import pytest

from formats.problems import Problem
from tests.submissions.builders import check, code_cell, codes, notebook_bytes


def only(data: bytes) -> Problem:
    """Return the one problem of a notebook that has one."""
    (found,) = check(data).problems
    return found


def test_good_notebook_has_no_problems() -> None:
    assert check(notebook_bytes()).problems == ()


def test_empty_file_is_named_as_such() -> None:
    found = only(b"")
    assert found.code == "file_empty"
    assert "0 bytes" in found.message


def test_too_large_file_names_the_limit() -> None:
    found = check(notebook_bytes(code_cell("x" * 5000)), max_bytes=2048)
    assert codes(found) == ["file_too_large"]
    assert "2 KB" in found.problems[0].message


def test_byte_order_mark_is_forgiven() -> None:
    assert check(b"\xef\xbb\xbf" + notebook_bytes()).problems == ()


def test_byte_that_is_not_utf8_is_placed() -> None:
    found = only(b'{"cells":\n\n"caf\xe9"}')
    assert (found.code, found.line) == ("notebook_bytes", 3)
    assert "byte 16" in found.message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf16_is_named(encoding: str) -> None:
    data = "\ufeff".encode(encoding) + notebook_bytes().decode().encode(encoding)
    assert "notebook" in only(data).code


def test_syntax_error_has_line_column_and_quote() -> None:
    found = only(b'{\n "nbformat": 4,\n "cells": [1 2]\n}')
    assert (found.code, found.line) == ("notebook_json", 3)
    assert "line 3, column 14" in found.message
    assert '"cells": [1 2]' in found.message
    assert found.hint


def test_quoted_text_is_short_and_visible() -> None:
    found = only(b'{"cells": "' + b"a" * 5000 + b'" "\x7f\xe2\x80\xae"}')
    assert len(found.message) < 400
    assert "\u202e" not in found.message


def test_conflict_marks_are_named_with_their_line() -> None:
    good = notebook_bytes().split(b"\n")
    broken = [*good[:2], b"<<<<<<< HEAD", b"=======", b">>>>>>> main", *good[2:]]
    found = only(b"\n".join(broken))
    assert (found.code, found.line) == ("notebook_conflict", 3)
    assert "<<<<<<< HEAD" in found.message


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.99])
def test_truncated_notebook_is_named_as_such(kept: float) -> None:
    data = notebook_bytes(code_cell("x = 'some text'"), code_cell("y = 2"))
    assert only(data[: int(len(data) * kept)]).code == "notebook_cut_short"


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_lacks_are_refused_with_their_line(constant: str) -> None:
    text = '{"nbformat": 4,\n"a": "NaN in text",\n"b": ' + constant + "}"
    found = only(text.encode())
    assert (found.code, found.line) == ("notebook_nan", 3)
    assert f"it has the value {constant} on" in found.message


def test_duplicate_key_is_refused() -> None:
    assert only(b'{"nbformat": 4, "nbformat": 3}').code == "notebook_duplicate_key"


def test_integer_of_a_million_digits_is_refused() -> None:
    assert only(b'{"nbformat": ' + b"9" * 10**6 + b"}").code == "notebook_number"


@pytest.mark.parametrize("depth", [51, 900, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    data = b'{"nbformat": 4, "a": ' + b"[" * depth + b"]" * depth + b"}"
    assert only(data).code == "notebook_too_deep"


def test_brackets_in_text_do_not_count_as_nesting() -> None:
    assert (
        check(notebook_bytes(code_cell("[" * 500 + '"\\"' + "{" * 50))).problems == ()
    )


@pytest.mark.parametrize(
    "data",
    [b"[]", b"3", b"{}", b'{"cells": []}', b'{"nbformat": "4", "cells": []}'],
)
def test_other_json_is_not_a_notebook(data: bytes) -> None:
    assert only(data).code in {"notebook_not", "notebook_json"}


@pytest.mark.parametrize("cells", [None, {}, "text", 7])
def test_cells_must_be_a_list(cells: object) -> None:
    assert only(notebook_bytes(cells=cells)).code == "notebook_not"


@pytest.mark.parametrize(
    "cell",
    [
        7,
        {"cell_type": "code", "source": {"a": 1}},
        {"cell_type": "code", "source": ["a", 7]},
        {"cell_type": "slide", "source": ""},
        {"source": "x = 1"},
        {"cell_type": ["code"], "source": ""},
    ],
)
def test_broken_cell_is_named_by_its_number(cell: object) -> None:
    found = only(notebook_bytes(code_cell(), cell))
    assert found.code == "notebook_cell"
    assert "Cell 2 " in found.message


def test_several_broken_cells_are_reported_at_once() -> None:
    assert codes(check(notebook_bytes(1, code_cell(), 2))) == ["notebook_cell"] * 2


@pytest.mark.parametrize("value", ["[]", "{}"])
def test_millions_of_values_are_refused_unparsed(value: str) -> None:
    data = b'{"nbformat": 4, "a": [' + f"{value},".encode() * 600_000 + b"0]}"
    assert only(data).code == "notebook_too_many"


def test_duplicate_key_among_many_is_found_in_time() -> None:
    many = ",".join(f'"{n}": 1' for n in range(100_000))
    found = only(f'{{"nbformat": 4, {many}, "99999": 2}}'.encode())
    assert "“99999”" in found.message
