"""Titles and descriptions from foreign sources are plain words."""

from pathlib import Path

import pytest

from formats.importing.plain_words import plain_title, plain_words
from tests.formats.importing.foreign import (
    checking,
    code,
    converted,
    ok_file,
    text,
    write,
)


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("## Linear layer", "Linear layer"),
        ("### 2.1 Linear layer ###", "Linear layer"),
        ("1. Linear layer", "Linear layer"),
        ("(a) Linear layer:", "Linear layer"),
        ("iv) Linear layer", "Linear layer"),
        ("# <center><b>Linear</b> layer</center>", "Linear layer"),
        ("<h2 style='color:red'>Linear layer</h2>", "Linear layer"),
        ("**Linear** *layer* (5 points)", "Linear layer"),
        ("Linear layer [2.5 pts]", "Linear layer"),
        ("__Linear layer__", "Linear layer"),
        ("`nn.Linear` layer", "nn.Linear layer"),
        ("[Linear layer](https://example.org)", "Linear layer"),
        ("![Linear layer](a.png)", "Linear layer"),
        ("Linear &amp; non&#45;linear", "Linear & non-linear"),
        ("Assignment 1: Linear layer", "Assignment 1: Linear layer"),
        ("Question 3", "Question 3"),
        ("3D convolution", "3D convolution"),
        ("2 layers", "2 layers"),
        ("C# layer", "C# layer"),
        ("my_linear_layer and __init__", "my_linear_layer and __init__"),
        ("Linear<br>layer", "Linear layer"),
        ("<!-- BEGIN QUESTION -->", ""),
        ("> Linear layer", "Linear layer"),
    ],
)
def test_a_title_is_the_words_of_a_heading(heading: str, title: str) -> None:
    assert plain_title(heading) == title


@pytest.mark.parametrize(
    "words",
    [
        "x < y and z > w",
        "if a<b and c>d",
        "a*b*c is 2 * 3 * 4",
        "takes *args and **kwargs",
        "x[0](y) is called",
        "__call__ and __len__ are there",
        "[1, 2] is (3)",
    ],
)
def test_python_code_in_a_title_is_unchanged(words: str) -> None:
    assert plain_words(words, longest=500) == words


def test_long_text_is_cut_after_a_word() -> None:
    assert plain_words("word " * 100, longest=12) == "word word…"
    assert plain_title("w" * 300) == "w" * 199 + "…"


def test_headings_and_docstrings_of_nbgrader_are_cleaned(tmp_path: Path) -> None:
    cell = checking("cell-1", '"""It is **positive** &amp; small."""\nassert x')
    write(tmp_path, "ps.ipynb", text("## 1.2 <u>The</u> *sign* (3 pts)"), cell)
    _, bundle = converted(tmp_path / "ps.ipynb", tmp_path / "out")
    (question,) = bundle.questions
    assert question.title == "The sign"
    assert question.checks[0].description == "It is positive & small."


def test_names_and_messages_of_otter_are_cleaned(tmp_path: Path) -> None:
    said = {"failure_message": "<b>x</b> is **not** 1", "success_message": "*Good*."}
    case = {"code": ">>> x\n1", **said}
    write(tmp_path / "in", "hw.ipynb", code('x = 1\ngrader.check("q1")'))
    (tmp_path / "in/tests").mkdir()
    (tmp_path / "in/tests/q1.py").write_text(ok_file("## 1. Sign", case))
    (tmp_path / "in/otter_config.json").write_text('{"assignment_name": "# *HW* 1"}')
    _, bundle = converted(tmp_path / "in", tmp_path / "out")
    (question,) = bundle.questions
    assert (bundle.title, question.title) == ("HW 1", "Sign")
    (check,) = question.checks
    assert (check.description, check.failure, check.success) == (
        "Case 1.",
        "x is not 1",
        "Good.",
    )
