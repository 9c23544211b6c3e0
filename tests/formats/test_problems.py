"""A problem says where it is, what it is and what to do, for every kind of file."""

import pytest

from formats.problems import Problem


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem(message="It is empty."), "It is empty."),
        (Problem(message="It is empty.", hint="Fill it."), "It is empty. Fill it."),
        (Problem(message="No.", line=2), "Line 2: No."),
        (Problem(message="No.", file="a.yaml", line=2), "a.yaml, line 2: No."),
        (
            Problem(message="No.", file="a.ipynb", cell=3, place="cell 2", line=1),
            "a.ipynb, cell 2, line 1: No.",
        ),
    ],
)
def test_a_problem_is_one_line_of_text(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_cell_has_a_name_that_people_know() -> None:
    with pytest.raises(ValueError, match="a cell and its place"):
        Problem(message="No.", cell=3)


def test_a_stored_warning_can_be_restored() -> None:
    warning = Problem(code="opens_missing", message="No.", file="a.ipynb", hint="Do.")
    assert list(warning.as_json()) == ["code", "message", "file", "line", "hint"]
    assert Problem(**warning.as_json()) == warning
