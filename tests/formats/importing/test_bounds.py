"""The cost of an import is bounded by the size of the source."""

import json
import time
from pathlib import Path

import pytest

from formats.importing.written_files import is_written, written_by
from tests.formats.importing.foreign import (
    checking,
    code,
    converted,
    marks,
    refused,
    write,
)

CHECK = checking("t", "assert x == 1")
ANSWER = code("x = 1", **marks("a", solution=True))


def test_the_number_of_possible_paths_of_an_expression_is_bounded() -> None:
    """Seven names of twelve values each would make 36 million paths."""
    names = [letter * 2 for letter in "abcdefg"]
    lines = [f"{name} = '{name}{number}'" for name in names for number in range(12)]
    path = "".join(f"{{{name}}}" for name in names)
    written = written_by([code("\n".join([*lines, f'plt.savefig(f"{path}.png")']))])
    assert len(written) <= 512
    assert is_written("aa1bb2cc3.png", written)


def test_a_sum_of_many_terms_is_no_error(tmp_path: Path) -> None:
    terms = " + ".join(f"'a{number}'" for number in range(700))
    cells = (code(f"f.write({terms})"), code(f"open({terms}, 'w')"), ANSWER, CHECK)
    write(tmp_path / "in", "ps.ipynb", *cells)
    assert not refused(tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize("said", [{"grade": True}, {"solution": True}, {}])
def test_marks_that_lack_a_flag_are_no_error(
    tmp_path: Path, said: dict[str, object]
) -> None:
    own = {"schema_version": 3, "grade_id": "t", "points": 1, **said}
    write(tmp_path / "in", "ps.ipynb", code("assert 1", nbgrader=own), CHECK)
    refused(tmp_path / "in", tmp_path / "out")


def test_a_cell_is_read_in_linear_time(tmp_path: Path) -> None:
    """In quadratic time 12,000 lines would take ten times as long."""
    taken = []
    for count in (3_000, 12_000):
        cells = (code("a\n" * count), ANSWER, CHECK)
        write(tmp_path / f"in{count}", "ps.ipynb", *cells)
        began = time.process_time()
        converted(tmp_path / f"in{count}", tmp_path / f"out{count}")
        taken.append(time.process_time() - began)
    assert taken[1] < 9 * taken[0] + 0.5


@pytest.mark.parametrize("source", ["a\n" * 20_001, "a;" * 20_001])
def test_a_notebook_with_more_code_than_people_write_is_refused(
    tmp_path: Path, source: str
) -> None:
    write(tmp_path / "in", "ps.ipynb", code(source), ANSWER, CHECK)
    (fault,) = refused(tmp_path / "in", tmp_path / "out")
    assert "lines of code" in fault.message
    assert "beside it" in fault.hint


def test_the_mark_of_a_whole_solution_stands_below_its_magic(tmp_path: Path) -> None:
    answer = code("%%time\nx = 1", **marks("a", solution=True))
    write(tmp_path / "in", "ps.ipynb", answer, CHECK)
    found, _ = converted(tmp_path / "in", tmp_path / "out")
    for name in ("staff.ipynb", "handout.ipynb"):
        cells = json.loads((found.folder / name).read_text())["cells"]
        assert cells[0]["source"].startswith("%%time\n#")


@pytest.mark.parametrize(
    ("cells", "metadata"), [("0," * 2_000, "0"), ("", "[]," * 600_000 + "0")]
)
def test_a_notebook_of_too_many_values_is_refused_with_few_faults(
    tmp_path: Path, cells: str, metadata: str
) -> None:
    last = json.dumps(CHECK)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/ps.ipynb").write_text(
        f'{{"nbformat": 4, "nbformat_minor": 4, "cells": [{cells}{last}], '
        f'"metadata": {{"x": [{metadata}]}}}}'
    )
    assert 1 <= len(refused(tmp_path / "in", tmp_path / "out", format="nbgrader")) < 60
