"""Formatting tags that are not closed do not turn a few bytes into a large page."""

from collections.abc import Callable
from typing import Final

import pytest

from rendering.html_tags import reopened_characters
from rendering.markdown import MAX_TARGETS, render_markdown
from tests.rendering.test_notebooks import code, only_output, result

PARAGRAPHS: Final = "<p>x" * 5000
UNCLOSED: Final[dict[str, str]] = {
    "a link": f'<p><a href="http://x/{"a" * 200}">',
    "closed in a comment": "<b title=xxxxxxxxxxxxxxxxxxxx><!-- </b> -->" * 5,
    "closed in an attribute": "<b title=xxxxxxxxxxxxx><i title='></b>'></i>" * 5,
    "closed in a title": "<b title=xxxxxxxxxxxxxxxxxx><title></b></title>" * 5,
    "closed in a style": "<b title=xxxxxxxxxxxxxxxxxx><style><i></b></i></style>" * 5,
    "closed after its blocks": '<a href="x">' + "<li><dd>" * 9 + "</a>",
    "closed out of its table": "<b title=xxxxxxxxxxxxxxxxxx><table></b></table>" * 5,
    "many short ones": "".join(f"<b x{number}>" for number in range(100)),
}
CLOSED: Final[dict[str, str]] = {
    "links of a table": '<tr><td><a href="http://x/y">1</a></td></tr>' * 1500,
    "nested": "<p><b>a <i>b</i></b></p>" * 2000,
    "a table with a style": "<style scoped>td > p { margin: 0 }</style>"
    + "<tr><td><a href='x'>1</a><br></td></tr>" * 1000,
}


@pytest.mark.parametrize("start", UNCLOSED.values(), ids=UNCLOSED)
def test_a_tag_that_stays_open_counts_in_each_block_after_it(start: str) -> None:
    assert reopened_characters(start + PARAGRAPHS) >= 12 * 5000


@pytest.mark.parametrize("html", CLOSED.values(), ids=CLOSED)
def test_a_tag_that_was_closed_counts_little(html: str) -> None:
    assert reopened_characters(html) < 10_000 + len(html)


def test_an_output_that_would_grow_is_not_shown() -> None:
    html = UNCLOSED["a link"] + PARAGRAPHS

    shown = only_output(code(result(text_html=html)))

    assert shown == "This output is too long to be shown."


@pytest.mark.parametrize("attribute", ["address", "title"])
def test_a_reference_used_too_often_is_shown_as_written(attribute: str) -> None:
    long = "b" * 20_000
    target = f"http://x/{long}" if attribute == "address" else f'http://x "{long}"'
    text = f"[a]: {target}\n\n" + "[a] " * (MAX_TARGETS // 10_000)

    assert "<a" not in render_markdown(text)


def test_a_reference_may_be_used_in_every_sentence() -> None:
    text = "[a]: http://example.org/some/page\n\n" + "See [a]. " * 500

    assert render_markdown(text).count("<a ") == 500


@pytest.mark.parametrize(
    "build",
    [
        lambda n: "<b " + " " * n,
        lambda n: "<" * n,
        lambda n: "<b " + "a=" * (n // 2),
        lambda n: "<b " + 'a="x' * (n // 4),
        lambda n: "<style>" * (n // 7),
    ],
)
@pytest.mark.timeout(5)
def test_odd_tags_are_counted_in_linear_time(build: Callable[[int], str]) -> None:
    assert reopened_characters(build(200_000)) >= 0
