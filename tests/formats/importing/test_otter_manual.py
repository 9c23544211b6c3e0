"""What stands between Otter's BEGIN QUESTION and END QUESTION is marked by people."""

import json
from decimal import Decimal
from pathlib import Path

from formats.assignment import answer_places
from formats.assignment.rubric import rubric_document
from formats.importing import ImportOptions
from tests.formats.importing.foreign import code, converted, text
from tests.formats.importing.test_cell_names import of_otter

BEGIN, END = "<!-- BEGIN QUESTION -->\n\n", "<!-- END QUESTION -->\n\n"
CELLS = (
    text(f"{BEGIN}### Performance\n\nRun the code below."),
    code("check_accuracy()"),
    text(
        f"{END}{BEGIN}### Q2.1: Decisions\n\nSay which. (12 points for improving the "
        "baseline, 22 points for the soundness of adaptations)"
    ),
    text("**Answer:**", tags=["otter_answer_cell"]),
    text("---"),
    text(f"{END}{BEGIN}### Q2.2: Features\n\nWhat do you see? (5 points)"),
    code("plot()"),
    text("**Answer:**"),
    text(f"{END}## Part 3 (11 points)"),
)


def test_blocks_with_points_are_questions_in_the_order_of_their_cells(
    tmp_path: Path,
) -> None:
    found, bundle = converted(of_otter(tmp_path / "in", *CELLS), tmp_path / "out")
    assert [
        (q.key, q.title, str(q.points), q.kind.value) for q in bundle.questions
    ] == [
        ("Q2-1-Decisions", "Q2.1: Decisions", "34", "manual"),
        ("Q2-2-Features", "Q2.2: Features", "5", "manual"),
        ("q1", "q1", "1", "auto"),
    ]
    decisions, features, _ = bundle.questions
    assert decisions.rubric is not None
    assert features.rubric is None
    assert rubric_document(decisions.rubric)["items"] == [
        {"text": "Improving the baseline", "points": 12},
        {"text": "The soundness of adaptations", "points": 22},
    ]
    (note,) = [each for each in found.notes if "Not a question" in each.message]
    assert (note.message, "--points Performance=N" in note.hint) == (
        "Not a question, because nothing gives its points: Performance.",
        True,
    )
    assert not [each for each in found.notes if "Written answers" in each.message]


def test_the_cells_of_a_question_are_marked_for_students_too(tmp_path: Path) -> None:
    options = ImportOptions(points={"Performance": Decimal(2)})
    found, bundle = converted(
        of_otter(tmp_path / "in", *CELLS), tmp_path / "out", points=options.points
    )
    assert bundle.points == 42
    keys = ("Performance", "Q2-1-Decisions", "Q2-2-Features")
    expected = dict(zip(keys, ([0, 1], [2, 3], [5, 6, 7]), strict=True))
    # A hand-out that was given before the import has Otter's comments alone.
    assert answer_places(CELLS, keys) == expected
    for name in ("handout.ipynb", "staff.ipynb"):
        cells = json.loads((found.folder / name).read_text())["cells"]
        assert [cell["metadata"].get("softmark") for cell in cells[2:4]] == [
            {"answer": "Q2-1-Decisions"}
        ] * 2
        assert answer_places(cells, keys) == expected


def test_a_question_of_an_old_notebook_says_its_name_and_points(tmp_path: Path) -> None:
    about = "<!--\nBEGIN QUESTION\nname: q1\nmanual: True\npoints: 1.5\n-->"
    cells = (text(f"{BEGIN}**Question 1.** Why?\n\n{about}"), text("Mine"), text(END))
    _, bundle = converted(of_otter(tmp_path / "in", *cells), tmp_path / "out")
    assert [(q.key, q.points) for q in bundle.questions] == [
        ("q1-by-hand", Decimal("1.5")),
        ("q1", 1),
    ]
