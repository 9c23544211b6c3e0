"""The files of the example fit together and reveal no solution."""

import csv
import io
import json
import re
from decimal import Decimal

import numpy as np
import pytest
from safetensors import safe_open

from examples.build import fill_in, read_answers
from formats.assignment import make_handout, read_bundle
from formats.assignment.notebook_cells import dump_notebook
from tests.examples.marking import EXAMPLE, EXPECTED, SUBMISSIONS, WEIGHTS

COLUMNS = {
    "model solution": "solution",
    "good": "good",
    "middling": "middling",
    "unfinished": "unfinished",
    "untouched hand-out": "handout",
}
SUBMITTED = sorted(path.name for path in SUBMISSIONS.iterdir())


def readme_table() -> list[dict[str, str]]:
    """Return the rows of the README's table of marks."""
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    lines = [
        line.strip("|")
        for line in text.partition("## Expected marks")[2].splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]
    rows = csv.reader(io.StringIO("\n".join(lines)), delimiter="|")
    head, *body = [[re.sub(r"\*\*", "", cell).strip() for cell in row] for row in rows]
    return [dict(zip(head, row, strict=True)) for row in body]


def test_bundle_is_sound_and_worth_24_points() -> None:
    bundle = read_bundle(EXAMPLE)
    assert bundle.points == 24
    assert len(bundle.questions) == 8


@pytest.mark.parametrize(("column", "name"), COLUMNS.items())
def test_readme_and_expected_marks_agree(column: str, name: str) -> None:
    *questions, total = readme_table()
    found = {row["question"]: Decimal(row[column]) for row in questions}
    expected = EXPECTED[name]["points"].items()
    assert found == {key: Decimal(str(value)) for key, value in expected}
    assert Decimal(total[column]) == sum(found.values())


def test_readme_says_what_each_question_is_worth() -> None:
    points = {q.key: q.points for q in read_bundle(EXAMPLE).questions if q.checks}
    rows = {row["question"]: Decimal(row["of"]) for row in readme_table()}
    assert rows == points | {"total": sum(points.values())}


def test_handout_is_made_from_the_staff_notebook() -> None:
    staff = json.loads((EXAMPLE / "staff.ipynb").read_text(encoding="utf-8"))
    handout = (EXAMPLE / "handout.ipynb").read_text(encoding="utf-8")
    assert handout == dump_notebook(make_handout(staff))


def test_handout_holds_no_line_of_the_solution() -> None:
    handout = (EXAMPLE / "handout.ipynb").read_text(encoding="utf-8")
    assert "unfold" not in handout
    assert "it misreads two" not in handout


@pytest.mark.parametrize("name", SUBMITTED)
def test_submission_has_real_weights_and_the_required_files(name: str) -> None:
    names = {path.name for path in (SUBMISSIONS / name).iterdir()}
    assert names == {file.name for file in read_bundle(EXAMPLE).required_files}
    with safe_open(SUBMISSIONS / name / WEIGHTS, framework="np") as weights:
        tensors = [weights.get_tensor(key) for key in weights.keys()]  # noqa: SIM118
    assert all(np.isfinite(tensor).all() for tensor in tensors)
    assert any(tensor.std() > 0 for tensor in tensors)


@pytest.mark.parametrize("name", SUBMITTED)
def test_submitted_notebook_is_the_handout_with_the_answers(name: str) -> None:
    staff = json.loads((EXAMPLE / "staff.ipynb").read_text(encoding="utf-8"))
    made = fill_in(staff, read_answers(EXAMPLE / "answers" / f"{name}.py"))
    notebook = SUBMISSIONS / name / "conv-digits.ipynb"
    assert notebook.read_text(encoding="utf-8") == dump_notebook(made)


def test_no_private_digit_is_handed_out() -> None:
    with (
        np.load(EXAMPLE / "public" / "digits-train.npz") as public,
        np.load(EXAMPLE / "private" / "digits-heldout.npz") as private,
    ):
        assert (len(public["labels"]), len(private["labels"])) == (1297, 500)
        known = {image.tobytes() for image in public["images"]}
        assert not known & {image.tobytes() for image in private["images"]}
