"""Rubrics are read from the words of mark schemes and questions."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from formats.assignment import answer_places
from formats.assignment.rubric import Starts, rubric_document
from formats.importing.mark_schemes import mark_scheme_in, points_in, rubric_in
from tests.formats.importing.foreign import code, converted, marks, text, write


def items_of(scheme: str, points: int = 4) -> list[tuple[str, str]]:
    rubric = rubric_in(scheme, points=Decimal(points))
    assert rubric is not None
    (group,) = rubric.groups
    return [(item.text, str(item.points)) for item in group.items]


@pytest.mark.parametrize(
    ("line", "item"),
    [
        ("2 points for the axes", ("The axes", "2")),
        ("- 1.5 pts: labels", ("Labels", "1.5")),
        ("1. [2] It converges", ("It converges", "2")),
        ("* uses `isalnum()` (**0.6 pts**)", ("Uses isalnum()", "0.6")),
        ("- conditional correct (0.5 points)", ("Conditional correct", "0.5")),
        ("(1 mark) a reason", ("A reason", "1")),
        ("-1 no units", ("No units", "-1")),
        ("- -0.5 wrong sign", ("Wrong sign", "-0.5")),
        ("+2 both cases", ("Both cases", "2")),
        ("Deduct 1 mark if no unit is given", ("No unit is given", "-1")),
        ("1 point off for each typo", ("Each typo", "-1")),
        ("The proof: 3 marks", ("The proof", "3")),
        ("The proof \u2013 3 marks;", ("The proof", "3")),
        ("\u22121 no proof", ("No proof", "-1")),
    ],
)
def test_a_line_with_points_is_an_item(line: str, item: tuple[str, str]) -> None:
    assert items_of(f"Award:\n{line}\n  and more\n\n{line}") == [
        (f"{item[0]} and more", item[1]),
        item,
    ]


@pytest.mark.parametrize(
    "scheme",
    [
        "Two for axes.",
        "Numeric types: int, float\n- 2 points for int",
        "- 1 point for a\n- something else",
        "In 2027, 3 networks were named.",
        "- 1 axis\n- 2 labels",
        "1.2.3 points out of order",
    ],
)
def test_other_words_are_one_item_with_all_points(scheme: str) -> None:
    ((_, points),) = items_of(scheme, 7)
    assert points == "7"


def test_a_scheme_that_only_takes_points_starts_at_full_points() -> None:
    rubric = rubric_in("# -1 no axes\n# -2 no data", points=Decimal(3), is_code=True)
    assert rubric is not None
    assert rubric.starts == Starts.FULL
    rubric = rubric_in("-1 no axes\n+2 data", points=Decimal(3))
    assert rubric is not None
    assert rubric.starts == Starts.ZERO
    assert rubric_in("\n  \n", points=Decimal(3)) is None


def test_only_the_marked_region_is_a_scheme() -> None:
    text = "Draw.\n=== BEGIN MARK SCHEME ===\n1 point\n=== END MARK SCHEME ===\nMore."
    assert mark_scheme_in(text) == "1 point"
    assert not mark_scheme_in("Draw.")


def test_a_question_s_words_give_its_points_and_its_parts() -> None:
    assert points_in("### Features", "What do you see? (5 points)")[0] == 5
    text = "Say why. (12 points for improving it, 22 points for the soundness of it)"
    total, rubric = points_in("### Q2 (34 points)", text)
    assert rubric is not None
    assert total == 34
    assert rubric_document(rubric)["items"] == [
        {"text": "Improving it", "points": 12},
        {"text": "The soundness of it", "points": 22},
    ]
    assert points_in("Plot 3 points (or more) on a line", "") == (None, None)


def test_a_mark_scheme_becomes_the_rubric_and_the_answer_is_marked(
    tmp_path: Path,
) -> None:
    scheme = "### BEGIN MARK SCHEME\n{}\n### END MARK SCHEME"
    answer = text(
        scheme.format("- the proof (2 points)\n- -1 for gaps"),
        **marks("why", solution=True, grade=True, points=3),
    )
    task = text(
        "Draw.\n" + scheme.format("It must be large."),
        **marks("map", task=True, locked=True, points=4),
    )
    found, bundle = converted(
        write(tmp_path, "ps.ipynb", answer, task, code("draw()")), tmp_path / "out"
    )
    assert [rubric_document(q.rubric) for q in bundle.questions if q.rubric] == [
        {
            "starts": "zero",
            "items": [
                {"text": "The proof", "points": 2},
                {"text": "Gaps", "points": -1},
            ],
        },
        {"starts": "zero", "items": [{"text": "It must be large.", "points": 4}]},
    ]
    assert [note.message[:34] for note in found.notes] == [
        "“why” has 3 points, but the items ",
        "The mark scheme of “map” became on",
    ]
    handout = json.loads((found.folder / "handout.ipynb").read_text())["cells"]
    assert answer_places(handout, ["why", "map"]) == {"why": [0], "map": [1, 2]}
