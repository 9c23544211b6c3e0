"""The hand-out is the staff notebook without solutions and outputs."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from formats.assignment import check_cells, make_handout
from formats.assignment.notebook_cells import validate_staff_notebook
from formats.problems import ProblemList
from tests.formats.assignment.bundles import (
    HANDOUT_CELLS,
    STAFF_CELLS,
    notebook_of,
    write_bundle,
)


def sources(notebook: dict[str, Any]) -> list[str]:
    return [cell["source"] for cell in notebook["cells"]]


def test_solution_becomes_a_stub_with_the_same_indentation() -> None:
    assert sources(make_handout(notebook_of(*STAFF_CELLS))) == list(HANDOUT_CELLS)


def test_all_solution_regions_of_a_cell_are_removed() -> None:
    region = "# BEGIN SOLUTION\n{}\n# END SOLUTION"
    cell = "\n".join(["a", region.format("b"), "c", region.format("d")])
    (made,) = sources(make_handout(notebook_of(cell)))
    assert made.count("raise NotImplementedError") == 2
    assert not {"b", "d"} & set(made.split("\n"))


def test_written_answer_becomes_a_prompt_to_write_one() -> None:
    answer = "<!-- BEGIN SOLUTION -->\nBecause.\n<!-- END SOLUTION -->"
    notebook = notebook_of(f"Why?\n{answer}")
    notebook["cells"][0]["cell_type"] = "markdown"
    assert sources(make_handout(notebook)) == ["Why?\n*Your answer*"]


def test_outputs_are_removed_and_the_staff_notebook_is_unchanged() -> None:
    staff = notebook_of(*STAFF_CELLS)
    staff["cells"][0] |= {"outputs": [{"output_type": "stream"}], "execution_count": 3}
    made = make_handout(staff)["cells"][0]
    assert (made["outputs"], made["execution_count"]) == ([], None)
    assert staff["cells"][0]["execution_count"] == 3


def test_check_cells_are_found_by_first_line_or_metadata() -> None:
    notebook = notebook_of("#softmark: check a\n1", "2", "# softmark: check a\n3")
    notebook["cells"][1]["metadata"] = {"softmark": {"question": "b"}}
    assert check_cells(notebook) == {"a": "#softmark: check a\n1", "b": "2"}


def test_command_writes_the_handout(tmp_path: Path) -> None:
    write_bundle(tmp_path, handout=None)
    call_command("make_handout", tmp_path, stdout=StringIO())
    made = json.loads((tmp_path / "handout.ipynb").read_text())
    assert sources(made) == list(HANDOUT_CELLS)


def test_command_writes_nothing_from_an_unsound_notebook(tmp_path: Path) -> None:
    staff = json.dumps(notebook_of("# BEGIN SOLUTION"))
    write_bundle(tmp_path, staff=staff, handout=None)
    with pytest.raises(CommandError, match="has no END SOLUTION"):
        call_command("make_handout", tmp_path)
    assert not (tmp_path / "handout.ipynb").exists()


@pytest.mark.parametrize(
    ("metadata", "word"),
    [({"locked": "a"}, "locked cell"), ({"question": "a"}, "check cell")],
)
@pytest.mark.parametrize("kind", ["SOLUTION", "MARK SCHEME"])
def test_a_solution_where_students_change_nothing_is_refused(
    metadata: dict[str, str], word: str, kind: str
) -> None:
    notebook = notebook_of(f"x = 1\n# BEGIN {kind}\ny = 2\n# END {kind}")
    notebook["cells"][0]["metadata"] = {"softmark": metadata}
    faults = ProblemList()
    validate_staff_notebook(notebook, "staff.ipynb", faults)
    (fault,) = faults.error().problems
    assert f"is in a {word}" in fault.message
    assert (fault.cell, fault.line) == (1, 2)


def test_a_picture_is_removed_with_the_solution_that_shows_it() -> None:
    notebook = notebook_of(
        "### BEGIN SOLUTION\n![](attachment:a.png)\n### END SOLUTION"
    )
    notebook["cells"][0]["source"] += "\n![](attachment:b.png)"
    notebook["cells"][0]["attachments"] = {"a.png": {}, "b.png": {}}
    assert set(make_handout(notebook)["cells"][0]["attachments"]) == {"b.png"}
