"""The time to render text grows no faster than its length.

The tests count lines of Python that run, so that a busy machine changes nothing; a time
limit finds work that lines do not count.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, Final

import pytest

from formats.lengths import MAX_MARKDOWN
from rendering.markdown import LANGUAGES, MAX_CODE, _render
from rendering.notebooks import _read

# Thousands of requests and texts: see `make test-long`.
pytestmark = pytest.mark.long

# A text twice as long runs twice as many lines, and a margin.
MOST: Final = 2.7
# Of CPU, for the longest text of a field: the worst take a third of this.
SECONDS: Final = 4.0
SMALL: Final = 1500

Build = Callable[[int], str]
MARKDOWN: Final[dict[str, Build]] = {
    "quotes": lambda n: "\"a' " * (n // 4),
    "quotes2": lambda n: "'" * n,
    "dquotes": lambda n: '"' * n,
    "dots": lambda n: "..." * (n // 3),
    "dashes": lambda n: "a--" * (n // 3),
    "plusminus": lambda n: "+-" * (n // 2),
    "c": lambda n: "(c)" * (n // 3),
    "nested quote": lambda n: ">" * n + "a",
    "nested quote lines": lambda n: "\n".join(
        ">" * (i % 200) + "a" for i in range(n // 100)
    ),
    "nested list": lambda n: "\n".join(
        "  " * i + "- a" for i in range(int((n) ** 0.5))
    ),
    "list inline nest": lambda n: "- " * (n // 2) + "a",
    "ol nest": lambda n: "1. " * (n // 3) + "a",
    "items": lambda n: "- a\n" * (n // 4),
    "items loose": lambda n: "- a\n\n" * (n // 5),
    "emph*": lambda n: "*a " * (n // 3),
    "emph**": lambda n: "**a " * (n // 4),
    "emph_": lambda n: "_a " * (n // 3),
    "emph mixed": lambda n: "*a_b" * (n // 4),
    "emph close": lambda n: "a* " * (n // 3),
    "emph ***": lambda n: "*" * n + "a",
    "emph nest": lambda n: "*a **b " * (n // 7) + "b** a*" * (n // 7),
    "strike": lambda n: "~~a " * (n // 4),
    "strike pair": lambda n: "~~a~~" * (n // 5),
    "links [": lambda n: "[" * n,
    "links [](": lambda n: "[a](" * (n // 4),
    "links []": lambda n: "[]" * (n // 2),
    "link ok": lambda n: "[a](b) " * (n // 7),
    "link deep": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "link <": lambda n: "[a](<" * (n // 5),
    "link title": lambda n: '[a](b "' * (n // 7),
    "images": lambda n: "![a](" * (n // 5),
    "images nest": lambda n: "![" * (n // 2),
    "images nest2": lambda n: "![" * (n // 4) + "](x)" * (n // 4),
    "refs": lambda n: "".join(f"[a{i}]: b\n" for i in range(n // 9)),
    "refs mult": lambda n: "[a]: b\n" * (n // 7),
    "ref use": lambda n: "[x]: y\n\n" + "[x]" * (n // 3),
    "ref long": lambda n: "[" + "a" * n,
    "ref def unfinished": lambda n: "[a\n" * (n // 3),
    "ref title": lambda n: "[a]: b '\n" * (n // 9),
    "autolink": lambda n: "<http://a" * (n // 9),
    "autolink ok": lambda n: "<http://a> " * (n // 11),
    "lt": lambda n: "<" * n,
    "html": lambda n: "<a " * (n // 3),
    "comment": lambda n: "<!--" * (n // 4),
    "backticks": lambda n: "".join("`" * i + " " for i in range(int((2 * n) ** 0.5))),
    "backtick one": lambda n: "`a " * (n // 3),
    "backtick run": lambda n: "`" * n,
    "fence": lambda n: "```\na\n" * (n // 6),
    "fence open": lambda n: "```\n" + "a\n" * (n // 2),
    "fence py": lambda n: "```python\n" + "x = '\n" * (n // 6) + "```",
    "fence py2": lambda n: "```python\n" + "(" * n + "\n```",
    "tables": lambda n: "|a" * (n // 4) + "\n" + "|-" * (n // 4),
    "table rows": lambda n: "|a|b|\n|-|-|\n" + "|1|2|\n" * (n // 6),
    "table wide rows": lambda n: (
        "|" + "a|" * int(n**0.5) + "\n|" + "-|" * int(n**0.5) + "\n" + "|\n" * (n // 2)
    ),
    "table wide": lambda n: (
        "|" + "a|" * (n // 6) + "\n|" + "-|" * (n // 6) + "\n" + "x\n" * (n // 6)
    ),
    "table pipe esc": lambda n: "a\\|" * (n // 6) + "\n-|-\n",
    "table dashes": lambda n: "a|b\n" * (n // 4),
    "math $": lambda n: "$a " * (n // 3),
    "math $$": lambda n: "$$a " * (n // 4),
    "math ok": lambda n: "$a$ " * (n // 4),
    "math block": lambda n: "$$\na\n" * (n // 5),
    "math block open": lambda n: "$$\n" + "a\n" * (n // 2),
    "math esc": lambda n: "\\$" * (n // 2),
    "math $\\": lambda n: "$" + "\\$" * (n // 2),
    "math blocks unclosed": lambda n: "$$\n\n" * (n // 4),
    "math big": lambda n: ("$" + "{a}" * 600 + "$ ") * (n // 1803 + 1),
    "math frac": lambda n: (
        ("$" + "\\frac{1}{" * 180 + "}" * 180 + "$ ") * (n // 2000 + 1)
    ),
    "entities": lambda n: "&amp;" * (n // 5),
    "ent": lambda n: "&" * n,
    "ent2": lambda n: "&#" * (n // 2),
    "esc": lambda n: "\\" * n,
    "esc2": lambda n: "\\*" * (n // 2),
    "headings": lambda n: "# a\n" * (n // 4),
    "heading long": lambda n: "# " + "#" * n,
    "heading sp": lambda n: "# a" + " " * n + "#a",
    "setext": lambda n: "a\n=\n" * (n // 4),
    "setext long": lambda n: "a\n" * (n // 2) + "=",
    "paragraph": lambda n: "a\n" * (n // 2),
    "hardbreak": lambda n: "a  \n" * (n // 4),
    "spaces": lambda n: "a" + " " * n + "b",
    "spaces lines": lambda n: (" " * 99 + "\n") * (n // 100),
    "tabs": lambda n: "\t" * n + "a",
    "tabs quote": lambda n: ">\t" * (n // 2),
    "tab list": lambda n: "-\t" * (n // 2) + "a",
    "code indent": lambda n: "    a\n" * (n // 6),
    "newlines": lambda n: "\n" * n,
    "hr": lambda n: "---\n" * (n // 4),
    "hr long": lambda n: "-" * n,
    "hr sp": lambda n: "- " * (n // 2),
    "hr *": lambda n: "* " * (n // 2) + "a",
    "quote list": lambda n: "> - " * (n // 4) + "a",
    "quote lazy": lambda n: ">" * (n // 2) + "a\n" + "b\n" * (n // 4),
    "nl quotes": lambda n: (">" * 50 + "a\nb\n\n") * (n // 56),
    "nul": lambda n: "\0" * n,
    "word": lambda n: "a" * n,
    "underscore": lambda n: "_" * n,
    "emph links": lambda n: "*[a](b" * (n // 7),
    "[a](((": lambda n: "[a](" + "(" * n,
    "[a](b c": lambda n: "[a](b " * (n // 6),
    "close": lambda n: "]" * n,
    "close2": lambda n: "a](" * (n // 3),
    "li1": lambda n: "".join(f"{i}. a\n" for i in range(n // 8)),
    "li para": lambda n: "- a\n\n  b\n\n" * (n // 11),
    "rev nest": lambda n: "\n".join(
        "  " * (int(n**0.5) - i) + "- a" for i in range(int(n**0.5))
    ),
    "aligned math": lambda n: ("$$" + "a&b\\\\" * 50 + "$$\n\n") * (n // 256),
    "url chars": lambda n: "[a](http://" + "é" * (n) + ")",
    "mailto": lambda n: "<a@" * (n // 3),
    "smart in links": lambda n: "[\"a'](b) " * (n // 9),
}


def lines_run(work: Callable[[], Any]) -> int:
    """Return how many lines of Python run during this call."""
    count = 0

    def step(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def seconds_of(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of this thread, the better of two measurements."""
    taken = []
    for _ in range(2):
        start = time.thread_time()
        work()
        taken.append(time.thread_time() - start)
    return min(taken)


@pytest.mark.parametrize("construct", MARKDOWN)
def test_markdown_grows_with_its_length(construct: str) -> None:
    build = MARKDOWN[construct]
    _render(build(SMALL))  # objects that are made once, at first
    small = lines_run(lambda: _render(build(SMALL)))
    large = lines_run(lambda: _render(build(2 * SMALL)))
    assert large <= MOST * small


@pytest.mark.parametrize("construct", MARKDOWN)
def test_longest_markdown_is_rendered_in_time(construct: str) -> None:
    text = MARKDOWN[construct](MAX_MARKDOWN)[:MAX_MARKDOWN]
    assert seconds_of(lambda: _render(text)) < SECONDS


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("opening", ["", "(", '"', "f'{", '"""', "import "])
def test_longest_code_is_highlighted_in_time(language: str, opening: str) -> None:
    for piece in (
        "a.",
        "'",
        "\\",
        " ",
        "\t",
        "(",
        "{",
        "$(",
        "0",
        "- ",
        "#",
        "\n",
        " \n",
        "\t\n",
        "\f\n",
        "...  \n",
        ">>>  \n",
        "@a",
    ):
        code = (opening + piece * MAX_CODE)[:MAX_CODE]
        text = f"```{language}\n{code}\n```"
        assert seconds_of(partial(_render, text)) < SECONDS


HTML: Final[dict[str, Build]] = {
    "div": lambda n: "<div>" * (n // 5),
    "mismatched": lambda n: "<div></b>" * (n // 9),
    "list": lambda n: "<ul><li>" * (n // 8),
    "adopted": lambda n: "<b><i><u>" + "<div>" * (n // 10) + "</b>" * (n // 10),
    "formatting": lambda n: "<b><p>" * (n // 6),
    "table": lambda n: "<table><tr><td>" * (n // 15),
    "rows": lambda n: "<table>" + "<tr><td>1</td></tr>" * (n // 19) + "</table>",
    "attributes": lambda n: "<span " + "a=b " * (n // 4) + ">",
    "comment": lambda n: "<!--" * (n // 4),
    "unclosed": lambda n: "<" * n,
    **{
        f"{tag} in {outer}": partial(
            lambda tag, outer, n: (
                f"<{outer}>" + f"<{tag}>" * (n // 9) + "</x>" * (n // 9)
            ),
            tag,
            outer,
        )
        for tag in ("td", "th", "tr", "tbody", "thead", "col", "p", "li", "dt", "br")
        for outer in ("svg", "math", "SVG/")
    },
}


def cell(kind: str = "code", source: str = "", outputs: Any = ()) -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "outputs": list(outputs)}


def shown(kind: str, text: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {kind: text}}


def cells_of_html(build: Build) -> list[dict[str, Any]]:
    return [cell(outputs=[shown("text/html", build(200_000))] * 10)]


NOTEBOOKS: Final[dict[str, Callable[[], list[dict[str, Any]]]]] = {
    **{f"html {name}": partial(cells_of_html, build) for name, build in HTML.items()},
    "wide tables": lambda: [
        cell("markdown", MARKDOWN["table wide"](1000)) for _ in range(1000)
    ],
    "code": lambda: [cell(source="x = '\n" * 70_000)],
    "lines of blanks": lambda: [cell(source="x = 1\n" + " \n" * 149_000 + "y = 2")],
    "many outputs": lambda: [
        cell(outputs=[{"output_type": "stream", "text": "x"}] * 300_000)
    ],
    "codes of a terminal": lambda: [
        cell(outputs=[{"output_type": "stream", "text": "\x1b[" + "0;" * 4_000_000}])
    ],
    "overwritten lines": lambda: [
        cell(outputs=[{"output_type": "stream", "text": "\r" * 8_000_000}])
    ],
    "markdown of results": lambda: (
        [cell(outputs=[shown("text/markdown", MARKDOWN["images nest"](20_000))])] * 200
    ),
}


@pytest.mark.parametrize("kind", NOTEBOOKS)
def test_notebook_is_read_in_time(kind: str) -> None:
    data = json.dumps({"cells": NOTEBOOKS[kind](), "nbformat": 4}).encode()
    assert seconds_of(lambda: _read(data)) < 4 * SECONDS
