"""Where a question is tested if its check cell is copied, edited, moved or missing."""

from collections.abc import Sequence
from typing import Any

import pytest

from runner.host.job import Job
from runner.protocol import check_words
from runner.protocol.jobs import CheckOutcome, CheckSpec, HandoutCell, QuestionSpec
from runner.protocol.notebook import Notebook, read_notebook
from runner.protocol.placement import fingerprint
from tests.runner.notebooks import job, question

MEAN = question("q1", "def check(mean):\n    assert mean([1, 3]) == 2\n")
OTHER = question("q2", "def check(other):\n    assert other\n")
# A hand-out whose later cell binds the name that the tests ask for.
CELLS = {
    "setup": ("import math", "", ()),
    "answer": ("def mean(x): raise NotImplementedError", "", ("mean",)),
    "check": ("# softmark: check q1", "q1", ()),
    "again": ("from statistics import mean", "", ("mean",)),
    "end": ("print(mean([1, 2]))", "", ()),
}
CALM = {name: cell for name, cell in CELLS.items() if name != "again"}


def handout(cells: Any = CELLS, *, ids: bool = True) -> tuple[HandoutCell, ...]:
    return tuple(
        HandoutCell(
            id=name if ids else "",
            source=fingerprint(source),
            question=key,
            binds=binds,
        )
        for name, (source, key, binds) in cells.items()
    )


def written(cells: str, *, ids: bool = True) -> list[dict[str, Any]]:
    """Return the student's cells: "answer*" has other text, "own" is the student's."""
    found = []
    for number, name in enumerate(cells.split()):
        plain = name.rstrip("*")
        source = CELLS[plain][0] if plain in CELLS else f"{plain} = {number}"
        text = source if plain == name else f"x = {number}"
        found.append({"source": text, "id": plain if ids else ""})
    return found


def read(
    cells: str, given: Sequence[HandoutCell] = handout(), *, ids: bool = True
) -> Notebook:
    spec = job(*written(cells, ids=ids), questions=(MEAN,), handout=tuple(given))
    return read_notebook(spec)


def place(notebook: Notebook) -> int | str:
    """Return after which cell the question is tested, from 1, or "early" or "late"."""
    if notebook.early_questions:
        return "early"
    if notebook.late_questions:
        return "late"
    (found,) = [cell.number for cell in notebook.cells if cell.questions]
    return found


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("setup answer* check again end", 3),
        ("setup answer* again end", 2),
        ("setup answer* check* again end", 3),
        ("setup answer* own again end", 3),
        ("setup answer* own own again* end", 4),
        ("setup answer* own end", 2),
        ("setup answer* again own end check", 2),
        ("setup again answer* own end", 1),
        ("setup again end", 1),
        ("again end", "early"),
        ("again", "early"),
        ("end", "early"),
        ("setup answer* own own", 2),
        ("own own", "late"),
    ],
)
def test_a_missing_check_cell_is_placed_as_in_the_hand_out(
    cells: str, expected: object
) -> None:
    assert place(read(cells)) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("setup answer* own end", 3),
        ("answer* own own", 1),
        ("own end", 1),
        ("end own", "early"),
        ("setup end answer* check", 4),
    ],
)
def test_a_name_that_later_cells_do_not_bind_may_be_tested_further_down(
    cells: str, expected: object
) -> None:
    assert place(read(cells, handout(CALM))) == expected


def test_a_notebook_may_continue_after_the_last_question() -> None:
    ending = dict(list(CELLS.items())[:3])
    assert place(read("setup answer* own own", handout(ending))) == 4


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("setup answer* own again end", 3),
        ("setup own answer* again end", 3),
        ("setup again again answer* end", 1),
    ],
)
def test_cells_without_ids_are_recognised_by_their_text(
    cells: str, expected: int
) -> None:
    given = handout(ids=False)
    assert place(read(cells, given, ids=False)) == expected


def test_text_copied_upwards_is_not_the_hand_out_s_cell() -> None:
    cells = "again setup answer check again end"
    assert place(read(cells, handout(ids=False), ids=False)) == 4


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("setup again answer* check! again end", 4),
        ("setup answer* check! again check end", 3),
        ("setup answer* again check! end", 2),
        ("setup answer* check! again own check end", 3),
    ],
)
def test_an_edited_check_cell_is_recognised_by_its_mark(
    cells: str, expected: int
) -> None:
    """Text below it that was also copied upwards so stays a copy."""
    edited = {"source": f"{CELLS['check'][0]}\nprint(mean)"}
    student = [
        edited if cell["source"].startswith("check!") else cell
        for cell in written(cells, ids=False)
    ]
    spec = job(*student, questions=(MEAN,), handout=handout(ids=False))
    assert place(read_notebook(spec)) == expected


def test_a_reused_id_does_not_decide_the_placement() -> None:
    """The second cell has the check cell's id, and is the one that binds the name."""
    cells = written("answer* again end")
    for cell, number in zip(cells, ("answer", "check", "again"), strict=True):
        cell["id"] = number
    given = [cell for cell in handout() if cell.id != "setup"]
    spec = job(*cells, questions=(MEAN,), handout=tuple(given))
    assert place(read_notebook(spec)) == 1
    edited = [cells[0], {**cells[1], "source": "mean = max"}, cells[2]]
    spec = job(*edited, questions=(MEAN,), handout=tuple(given))
    assert place(read_notebook(spec)) == 1


def test_cells_are_recognised_by_nbgrader_s_names_too() -> None:
    metadata = {"nbgrader": {"grade_id": "a"}}
    cells: list[dict[str, Any]] = [
        {"source": "x", "metadata": metadata},
        {"source": "own"},
        {"source": "end"},
    ]
    given = (
        HandoutCell(name="a"),
        HandoutCell(question="q1"),
        HandoutCell(source=fingerprint("end"), binds=("mean",)),
    )
    found = read_notebook(job(*cells, questions=(MEAN,), handout=given))
    assert place(found) == 2


def test_two_questions_may_be_tested_at_one_place() -> None:
    given = (
        HandoutCell(id="cell-0"),
        HandoutCell(question="q1"),
        HandoutCell(question="q2"),
    )
    found = read_notebook(job("x", questions=(MEAN, OTHER), handout=given))
    assert [cell.questions for cell in found.cells] == [("q1", "q2")]


def test_copies_below_a_cell_that_binds_the_name_do_not_count() -> None:
    found = read("setup check answer* check again check end")
    assert [cell.number for cell in found.cells if cell.questions] == [2, 4]


RELATED = (
    *handout(CALM)[:3],
    HandoutCell(id="again", source=fingerprint(CELLS["again"][0]), related=("mean",)),
    *handout(CALM)[3:],
)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("setup answer* check again end", [3]),
        ("setup answer check again own check end", [3]),
        ("setup answer* again own check end", [2]),
        ("setup answer* again end", [2]),
        ("setup answer check own* check again", [3, 5]),
        ("setup answer check own end check", [3, 6]),
    ],
)
def test_copies_below_a_cell_that_has_to_do_with_what_is_tested_do_not_count(
    cells: str, expected: list[int]
) -> None:
    found = read(cells, RELATED)
    assert [cell.number for cell in found.cells if cell.questions] == expected


@pytest.mark.parametrize(
    "body",
    [
        "import __main__\n    assert vars(__main__)['me' + 'an']([1, 3]) == 2",
        "assert globals()['mean']([1, 3]) == 2",
        "assert eval('mean')([1, 3]) == 2",
    ],
)
def test_tests_that_build_names_may_ask_for_any(body: str) -> None:
    asked = question("q1", f"def check(other):\n    {body}\n")
    spec = job(
        *written("setup answer* again check end"), questions=(asked,), handout=handout()
    )
    assert place(read_notebook(spec)) == 2


def test_a_check_cell_known_by_its_id_keeps_the_student_s_text() -> None:
    spec = job(
        *written("setup answer* check* again"),
        questions=(MEAN,),
        handout=handout(),
        restored={"q1": "staff"},
    )
    cell = read_notebook(spec).cells[2]
    assert (cell.questions, cell.source) == (("q1",), "x = 2")


HIDING = QuestionSpec(
    key="q1", checks=(CheckSpec(name="shown"), CheckSpec(name="hidden", secrecy=2))
)


@pytest.mark.parametrize(
    ("copies", "counts"),
    [
        ([(0, 0), (1, 0), (0.5, 0)], 1),
        ([(1, 1), (1, 0)], 1),
        ([(1, 0), (0, 1)], 0),
        ([(0.5, 0), (0.5, 0), (0.5, 1)], 2),
    ],
)
def test_the_last_copy_with_the_most_shown_points_counts(
    copies: list[tuple[float, float]], counts: int
) -> None:
    nobody: Any = None
    spec = job(questions=(HIDING,))
    done = Job(spec, nobody, None, lambda _: None, lambda: False)
    for number, scores in enumerate(copies):
        found = {
            check.name: CheckOutcome(name=check.name, score=score, message=str(number))
            for check, score in zip(HIDING.checks, scores, strict=True)
        }
        done._note([check_words.conclude(HIDING, found, missing=check_words.ENDED)])
    (outcome,) = done._questions()
    assert {check.message for check in outcome.checks} == {str(counts)}


def test_hostile_metadata_is_ignored() -> None:
    cells: list[dict[str, Any]] = [
        {"source": "x", "id": 3, "metadata": {"nbgrader": {"grade_id": ["a"]}}}
    ]
    found = read_notebook(job(*cells, questions=(MEAN,), handout=handout()))
    assert place(found) == "late"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("again setup answer* check again* end", 4),
        ("setup again answer* check again* end", 4),
        ("again answer* check again* end", 3),
        ("setup end again answer* check", 5),
        ("setup answer* again end check", 2),
    ],
)
def test_a_moved_cell_does_not_change_the_placement_of_others(
    cells: str, expected: int
) -> None:
    """A student copies a later cell upwards, to plan, or moves the check cell down."""
    assert place(read(cells)) == expected


def test_of_two_equally_good_orders_the_one_with_the_bound_name_is_taken() -> None:
    given = handout(ids=False)
    assert place(read("setup again answer* check end", given, ids=False)) == 1
