"""The example course has exactly the files that it names."""

import json
from typing import Final

import pytest
import yaml

from examples.sheets import EXAMPLE, sheets
from rendering.markdown import render_markdown

NAMED: Final = [
    str(path.relative_to(EXAMPLE))
    for path in sorted((EXAMPLE / "files").rglob("*"))
    if path.is_file()
]


def test_pdfs_are_those_that_the_script_makes() -> None:
    made = dict(sheets())
    assert len(made) == 26
    for path, content in made.items():
        assert path.read_bytes() == content


def test_every_file_is_named_once() -> None:
    text = (EXAMPLE / "course.yaml").read_text(encoding="utf-8")
    for name in NAMED:
        assert text.count(f"file: {name}\n") == 1


@pytest.mark.parametrize("name", ["notebook-1", "notebook-2"])
def test_notebook_shows_the_output_of_its_cells(name: str) -> None:
    path = EXAMPLE / "files" / f"{name}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] for cell in code)


def test_notes_have_mathematics_and_code_that_pages_show() -> None:
    course = yaml.safe_load((EXAMPLE / "course.yaml").read_text(encoding="utf-8"))
    (notes,) = [m for m in course["weeks"][0]["materials"] if m["key"] == "n02"]
    page = render_markdown(notes["body"])
    assert "<math" in page
    assert "hl-" in page
    assert "math-source" not in page
    assert "$" not in page


def test_quiz_has_mathematics_that_pages_show() -> None:
    course = yaml.safe_load((EXAMPLE / "course.yaml").read_text(encoding="utf-8"))
    (quiz,) = [m for m in course["weeks"][2]["materials"] if m["kind"] == "quiz"]
    page = render_markdown(quiz["body"])
    assert "math-source" not in page
    assert "$" not in page
