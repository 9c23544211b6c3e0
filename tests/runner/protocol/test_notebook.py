"""Reading and planning a notebook, without running it."""

import json

import pytest

from runner.protocol.notebook import CellTooLongError, UnreadableError, read_notebook
from runner.wire.frames import MAX_FRAME
from tests.runner.notebooks import ANSWER, CellLike, cell, job, notebook, question


def test_every_copy_of_a_check_cell_is_a_check_cell() -> None:
    two = [cell("# softmark: check q1"), cell("1", question="q1")]
    found = read_notebook(job(*two, questions=(ANSWER,)))
    assert [one.question for one in found.cells] == ["q1", "q1"]
    assert found.late_questions == []


def test_of_many_copies_the_first_and_the_last_count() -> None:
    many = [cell("# softmark: check q1") for _ in range(5000)]
    found = read_notebook(job(*many, questions=(ANSWER,)))
    marked = [one.number for one in found.cells if one.questions]
    assert marked == [1, 4999, 5000]


def test_the_first_copy_alone_gets_the_staff_s_source() -> None:
    copies = [cell("# softmark: check q1\n1"), cell("own = 2", question="q1")]
    spec = job(*copies, questions=(ANSWER,), restored={"q1": "staff"})
    assert [one.source for one in read_notebook(spec).cells] == ["staff", "own = 2"]


@pytest.mark.parametrize(
    "source", ["#softmark: check q1", "\n#  softmark:  check q1  \nx = 1"]
)
def test_a_check_line_may_contain_spaces(source: str) -> None:
    found = read_notebook(job(source, questions=(ANSWER,)))
    assert found.cells[0].question == "q1"


def test_a_check_cell_is_known_by_the_metadata_of_bundles() -> None:
    marked = {"source": "1", "metadata": {"softmark": {"question": "q1"}}}
    found = read_notebook(job(marked, questions=(ANSWER,)))
    assert found.cells[0].question == "q1"


def test_unknown_questions_are_ordinary_cells() -> None:
    found = read_notebook(job("# softmark: check q9", questions=(ANSWER,)))
    assert found.cells[0].question == ""
    assert found.late_questions == ["q1"]


def test_strange_metadata_is_ignored() -> None:
    cells: list[CellLike] = [
        {"source": ["a = 1\n", "b = 2"], "metadata": None},
        {"source": "2", "metadata": {"tags": 5, "softmark.question": ["q1"]}},
        {"source": "3", "metadata": {"tags": [None, "skip-execution"]}},
    ]
    found = read_notebook(job(*cells, questions=(ANSWER, question("q2", ""))))
    assert [one.skipped for one in found.cells] == [False, False, True]
    assert found.cells[0].source == "a = 1\nb = 2"
    assert list(found.late_questions) == ["q1", "q2"]


def test_a_cell_has_the_number_that_jupyter_shows_after_run_all() -> None:
    """Empty and skipped cells have no number; cells with only comments have one."""
    sources = ["a", " \n\t", "", "# comment", cell("x", tags=["slow"]), "b"]
    found = read_notebook(job(*sources, skip_tags=("slow",)))
    assert [one.number for one in found.cells] == [1, 0, 0, 2, 0, 3]
    assert found.cells_with_code == 4


def test_an_emptied_check_cell_is_put_back_and_has_a_number() -> None:
    spec = job(
        *("", cell(" ", question="q1"), "x"),
        questions=(ANSWER,),
        restored={"q1": "staff"},
    )
    found = read_notebook(spec)
    assert [one.number for one in found.cells] == [0, 1, 2]
    assert found.cells[1].source == "staff"


def test_a_cell_that_is_too_long_is_named_by_its_number() -> None:
    with pytest.raises(CellTooLongError) as raised:
        read_notebook(job("", "a", "x" * MAX_FRAME))
    assert raised.value.number == 2


def test_cells_other_than_code_are_kept_unchanged() -> None:
    markdown = {"cell_type": "markdown", "source": "# Title", "metadata": {}}
    document = json.loads(notebook("1"))
    document["cells"].insert(0, markdown)
    found = read_notebook(job(notebook=json.dumps(document)))
    assert [one.number for one in found.cells] == [1]
    assert json.loads(found.to_json())["cells"][0] == markdown


def test_text_that_cannot_be_stored_is_replaced() -> None:
    found = read_notebook(job("print('\ud800')"))
    assert "print('?')" in found.to_json()


def test_too_many_cells_are_refused() -> None:
    with pytest.raises(UnreadableError):
        read_notebook(job(*["1"] * 5001))
