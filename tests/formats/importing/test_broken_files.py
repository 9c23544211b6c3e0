"""A file that cannot be read is named, with its line and a remedy."""

import json
from pathlib import Path

import pytest

from formats.problems import Problem
from tests.formats.assignment.bundles import write_bundle
from tests.formats.importing.foreign import (
    checking,
    code,
    notebook,
    ok_file,
    refused,
    write,
    zipped,
)

SOUND = json.dumps(
    notebook(code("a = 1"), checking("a", "assert a == 1")), indent=1
).encode()
CONFLICT = SOUND.replace(b' "cells"', b'<<<<<<< HEAD\n "cells"')
SPOILT = {
    "conflict": (CONFLICT, "conflict marks", 2, "git checkout"),
    "closing mark": (
        SOUND + b"\n>>>>>>> x\n",
        "conflict marks",
        SOUND.count(b"\n") + 2,
        "git checkout",
    ),
    "cut off": (SOUND[:100], "not complete", 7, "download it again"),
    "cut off between": (SOUND[:20], "not complete", 4, "download it again"),
    "not JSON": (SOUND.replace(b":", b";", 1), "not JSON", 2, ""),
    "empty": (b" \n", "is empty", None, "download it again"),
    "web page": (b"<!DOCTYPE html>\n<html>", "a web page", 1, "Raw"),
    "UTF-16": (SOUND.decode().encode("utf-16"), "UTF-16", 1, "UTF-8"),
    "Latin-1": (b'{\n"a": "\xfc"}', "not UTF-8", 2, "UTF-8"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\n", "LFS", None, "git lfs"),
    "zip": (b"PK\x03\x04", "a zip archive", None, "file itself"),
    "old": (b'{"nbformat": 3, "worksheets": []}', "format 3, not 4", None, "nbconvert"),
    "no format": (b'{"cells": []}', "which format it is in", None, "Jupyter"),
    "no notebook": (b'{"nbformat": 4}', "no list of cells", None, ""),
    "list": (b"[]", "no list of cells", None, ""),
}


def only(faults: tuple[Problem, ...]) -> Problem:
    assert len(faults) == 1, faults
    return faults[0]


@pytest.mark.parametrize("name", SPOILT)
@pytest.mark.parametrize("layout", ["source/ps/ps.ipynb", "otter/hw.ipynb", "own"])
def test_a_broken_notebook_is_named_in_every_format(
    tmp_path: Path, name: str, layout: str
) -> None:
    data, words, line, hint = SPOILT[name]
    file = "staff.ipynb" if layout == "own" else layout
    if layout == "own":
        write_bundle(tmp_path / "in")
    (tmp_path / "in" / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "in" / file).write_bytes(data)
    if layout.startswith("otter"):
        (tmp_path / "in/otter/tests").mkdir()
        (tmp_path / "in/otter/tests/q1.py").write_text(
            ok_file("q1", {"code": ">>> 1\n1"})
        )
    fault = only(refused(tmp_path / "in", tmp_path / "out"))
    assert (fault.file, words in fault.message) == (file, True), fault
    assert fault.line == line
    assert hint in fault.hint


def test_a_broken_notebook_in_a_zip_is_named_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "ps/source").mkdir(parents=True)
    (tmp_path / "ps/source/ps.ipynb").write_bytes(CONFLICT)
    archive = zipped(tmp_path / "ps", tmp_path / "ps.zip")
    fault = only(refused(archive, tmp_path / "out"))
    assert (fault.file, fault.line) == ("ps/source/ps.ipynb", 2)


def test_a_broken_notebook_alone_is_named(tmp_path: Path) -> None:
    (tmp_path / "ps.ipynb").write_bytes(CONFLICT)
    fault = only(refused(tmp_path / "ps.ipynb", tmp_path / "out"))
    assert (fault.file, fault.line) == ("ps.ipynb", 2)


def test_a_byte_order_mark_before_a_notebook_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "ps.ipynb").write_bytes(b"\xef\xbb\xbf" + SOUND)
    assert refused(tmp_path / "ps.ipynb", tmp_path / "out") == ()


def test_two_versions_left_in_a_cell_are_named_by_the_cell(tmp_path: Path) -> None:
    both = code("a = 0\n<<<<<<< local\na = 1\n=======\na = 2\n>>>>>>> remote")
    write(tmp_path, "ps.ipynb", both, checking("a", "assert a == 1"))
    fault = only(refused(tmp_path / "ps.ipynb", tmp_path / "out"))
    assert (fault.cell, fault.line, "conflict" in fault.message) == (1, 2, True)


@pytest.mark.parametrize("name", ["assignment.yaml", "tests/add.py"])
def test_conflict_marks_in_our_own_files_are_named(tmp_path: Path, name: str) -> None:
    folder = write_bundle(tmp_path / "in")
    text = (folder / name).read_text()
    (folder / name).write_text(text + "<<<<<<< HEAD\na: 1\n=======\n>>>>>>> x\n")
    fault = only(refused(folder, tmp_path / "out"))
    assert (fault.file, fault.line) == (name, text.count("\n") + 1)
    assert "conflict marks" in fault.message


def test_a_pointer_of_git_lfs_in_place_of_data_is_named(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "in")
    (folder / "public").mkdir(exist_ok=True)
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    (folder / "public/train.npz").write_bytes(pointer)
    fault = only(refused(folder, tmp_path / "out"))
    assert (fault.file, "git lfs pull" in fault.hint) == ("public/train.npz", True)


def test_a_web_page_under_the_name_of_a_zip_is_named(tmp_path: Path) -> None:
    (tmp_path / "ps.zip").write_bytes(b"<html>Please sign in</html>")
    fault = only(refused(tmp_path / "ps.zip", tmp_path / "out"))
    assert "web page, not a zip" in fault.message
