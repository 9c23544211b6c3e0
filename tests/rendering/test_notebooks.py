"""Notebooks as HTML: all content is shown, no script runs, no harmful markup stays."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rendering.notebooks import (
    MAX_OUTPUTS,
    MAX_TEXT,
    NotebookUnreadableError,
    read_cells,
)

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def notebook(*cells: dict[str, Any]) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}).encode()


def code(*outputs: dict[str, Any], source: str = "x = 1") -> bytes:
    cell = {
        "cell_type": "code",
        "source": source,
        "execution_count": 3,
        "outputs": list(outputs),
    }
    return notebook(cell)


def result(**data: Any) -> dict[str, Any]:
    named = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "execute_result", "data": named}


def only_output(data: bytes) -> str:
    [cell] = read_cells(data)
    [output] = cell.outputs
    return output.html


def test_markdown_has_mathematics_and_no_script() -> None:
    source = ["# Title\n", "$x^2$ <script>alert(1)</script>"]
    [cell] = read_cells(notebook({"cell_type": "markdown", "source": source}))
    assert "<h2>Title</h2>" in cell.html
    assert "<math" in cell.html
    assert "<script" not in cell.html


def test_lines_of_blanks_are_shown_as_empty_lines() -> None:
    [cell] = read_cells(code(source="x = 1\n  \n\t\ny = 2"))
    assert "\n\n\n" in cell.html
    assert cell.html.count("\n") == 4


def test_code_is_highlighted_and_escaped() -> None:
    [cell] = read_cells(code(source="if a < b: pass  # <img src=x onerror=y>"))
    assert cell.number == 3
    assert "hl-k" in cell.html
    assert "<img" not in cell.html


def test_stream_shows_what_a_terminal_would() -> None:
    text = "\x1b[31mred\x1b[0m\n10%\r50%\r100%\nend\x07"
    html = only_output(code({"output_type": "stream", "name": "stdout", "text": text}))
    assert html == "red\n100%\nend"


def test_error_shows_its_traceback() -> None:
    error = {"output_type": "error", "traceback": ["\x1b[0;31mNameError\x1b[0m: <x>"]}
    assert only_output(code(error)) == "NameError: &lt;x&gt;"


def test_image_is_shown_from_the_file_itself() -> None:
    html = only_output(code(result(image_png=PIXEL, text_plain="<Figure>")))
    assert html.startswith('<img src="data:image/png;base64,iVBOR')


def test_a_picture_that_is_attached_to_a_text_is_shown_below_it() -> None:
    """Students paste pictures into answers: Jupyter attaches them to the cell."""
    attached = {
        "image.png": {"image/png": PIXEL},
        "<b>.svg": {"image/svg+xml": "<svg onload='x()'/>"},
        "odd": 3,
    }
    text = {"cell_type": "markdown", "source": "![image.png](attachment:image.png)"}
    [cell] = read_cells(notebook({**text, "attachments": attached}))
    assert '<p>image.png: <img src="data:image/png;base64,iVBOR' in cell.html
    assert "<p>&lt;b&gt;.svg: </p>" in cell.html
    assert "<svg" not in cell.html
    assert "<b>" not in cell.html


def test_an_invalid_image_falls_back_to_text() -> None:
    html = only_output(code(result(image_png='"><script>', text_plain="<Figure>")))
    assert html == "&lt;Figure&gt;"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=https://evil.example/a.png>",
        "<iframe srcdoc='x'></iframe>",
        "<table onclick=alert(1) style='position:fixed'><tr><td>1</td></tr></table>",
        "<form action=/logout><button>x</button></form>",
        "<a href='javascript:alert(1)'>x</a>",
        "<svg><use href='//evil.example'/></svg>",
        "<link rel=stylesheet href=//evil.example><style>*{display:none}</style>",
    ],
)
def test_html_output_is_cleaned(hostile: str) -> None:
    html = only_output(code(result(text_html=hostile)))
    for word in ("script", "evil", "onclick", "style", "<form", "<iframe", "<svg"):
        assert word not in html


def test_table_of_a_data_frame_stays_a_table() -> None:
    html = only_output(code(result(text_html="<table><tr><td>1.5</td></tr></table>")))
    assert "<td>1.5</td>" in html


def test_long_output_is_cut_with_a_note() -> None:
    text = "x" * (MAX_TEXT + 5)
    html = only_output(code({"output_type": "stream", "text": text}))
    assert html.endswith("… 5 more characters")


def test_content_beyond_the_styled_part_is_plain_text() -> None:
    source = "x = 1  # <b>\n" * 30_000
    [cell] = read_cells(code(source=source))
    assert "hl-" not in cell.html
    assert "&lt;b&gt;" in cell.html


def test_widgets_and_scripts_of_results_are_left_out() -> None:
    data = result(application_javascript="alert(1)")
    [cell] = read_cells(code(data))
    assert cell.outputs == []


def test_old_notebook_is_upgraded() -> None:
    cells = [
        {"cell_type": "code", "input": "x = 1", "outputs": [], "language": "python"}
    ]
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [{"cells": cells}],
    }
    [cell] = read_cells(json.dumps(old).encode())
    assert "x" in cell.html


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no cells"),
        (b"{}", "no cells"),
        (b'{"cells": 3}', "no cells"),
        (b'{"worksheets": 3}', "old format"),
    ],
)
def test_a_notebook_that_cannot_be_shown_says_why(data: bytes, words: str) -> None:
    with pytest.raises(NotebookUnreadableError, match=words):
        read_cells(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "cell_type",
                    "source",
                    "outputs",
                    "output_type",
                    "data",
                    "text",
                    "text/html",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(json_values, max_size=4))
def test_any_json_is_shown_without_a_script(cells: list[Any]) -> None:
    for cell in read_cells(json.dumps({"cells": cells}).encode()):
        assert "<script" not in cell.html


def test_a_lone_surrogate_of_a_file_is_replaced() -> None:
    outputs = [{"output_type": "stream", "text": "a\ud800"}]
    html = only_output(code(*outputs))
    assert html == "a?"


def test_html_nested_too_deeply_is_not_shown() -> None:
    for unit in ("<div>", "<div></b>", "<DIV>", "<p-x>", "<b></b-x>"):
        assert "too long" in only_output(code(result(text_html=unit * 500)))
    rows = "<tr><td><b>1</b></td></tr>" * 500
    assert "<b>1</b>" in only_output(code(result(text_html=f"<table>{rows}</table>")))


def test_outputs_past_the_limit_are_left_out_with_a_note() -> None:
    outputs = [{"output_type": "stream", "text": "x"}] * (MAX_OUTPUTS + 5)
    [cell] = read_cells(code(*outputs))
    assert len(cell.outputs) == MAX_OUTPUTS + 1
    assert "not shown" in cell.outputs[-1].html


def test_styled_results_count_towards_the_styled_part() -> None:
    table = "<table><tr><td>1</td></tr></table>"
    outputs = [result(text_html=table + " " * 100_000)] * 4
    [cell] = read_cells(code(*outputs))
    assert [output.html.startswith("<div") for output in cell.outputs] == [
        *[True] * 2,
        *[False] * 2,
    ]


def test_notebook_is_read_once() -> None:
    data = code(source="y = 2")
    assert read_cells(data) is read_cells(data)


@pytest.mark.parametrize("outer", ["svg", "math"])
@pytest.mark.parametrize("tag", ["td", "th", "tr", "tbody", "thead", "col"])
def test_parts_of_a_table_nest_in_a_drawing(outer: str, tag: str) -> None:
    parts = f"<{tag}>" * 500
    assert "too long" in only_output(code(result(text_html=f"<{outer}>{parts}")))
    assert "too long" not in only_output(code(result(text_html=f"<table>{parts}")))


def test_a_table_beside_a_drawing_is_shown() -> None:
    row = "<tr><td>1<br></td><td><p>2</p></td></tr>"
    html = f"<svg><path></path></svg><table>{row * 300}</table>"
    assert only_output(code(result(text_html=html))).count("<tr>") == 300


@pytest.mark.parametrize(
    "piece",
    [
        "<q title='</q>'>",
        "<q><!--</q>-->",
        "<q><textarea></q></textarea>",
        "<q><table><td></q></table>",
        "<svg><g a='</g>'>",
        "<svg><desc><p></desc></svg>",
        "<math><mtext><li></mtext></math>",
    ],
)
def test_an_end_tag_that_a_parser_does_not_see_closes_nothing(piece: str) -> None:
    assert "too long" in only_output(code(result(text_html=piece * 500)))


def test_a_large_table_with_links_and_styles_is_shown() -> None:
    row = "<tr><th>1</th><td><a href='https://x.y'><b>2</b></a><input></td></tr>"
    style = "<style scoped>.dataframe tbody tr th { color: red; }</style>"
    html = f"<div>{style}<table><tbody>{row * 500}</tbody></table></div>"
    assert only_output(code(result(text_html=html))).count("<tr>") == 500
