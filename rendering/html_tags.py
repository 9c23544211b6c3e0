"""Bounds on what a parser makes of the tags in a text of HTML."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# Tags that a parser opens again, with their attributes, in each later block until they
# are closed. Source: HTML Standard, 13.2.4.3 "The list of active formatting elements".
FORMATTING: Final = frozenset(
    [
        "a",
        "b",
        "big",
        "code",
        "em",
        "font",
        "i",
        "nobr",
        "s",
        "small",
        "strike",
        "strong",
        "tt",
        "u",
    ]
)
_VOID: Final = frozenset(["br", "col", "hr", "img", "input", "link", "meta", "wbr"])
# Tags that never contain anything, wherever they stand.
_EMPTY_TAGS: Final = frozenset(["br", "hr", "img"])
# Tags that end by themselves, or never contain anything, in HTML. Within SVG and MathML
# they contain each other, or keep what is around them open.
_FLAT_TAGS: Final = _EMPTY_TAGS | frozenset(
    [
        "p",
        "li",
        "td",
        "th",
        "tr",
        "dt",
        "dd",
        "tbody",
        "thead",
        "col",
        "input",
        "link",
        "meta",
        "wbr",
    ]
)
_FOREIGN: Final = re.compile(r"<(?:math|svg)\b", re.IGNORECASE)
# A parser reads the content of these elements as text, without tags.
_RAW: Final = re.compile(
    r"<(?:iframe|noembed|noframes|noscript|plaintext|script|select"
    r"|template|textarea|title|xmp)\b"
    r"|<style\b[^<>]*+>[^<]*+<(?!/style)",
    re.IGNORECASE,
)
_START: Final = re.compile(r"<[/!?a-zA-Z]")
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*+)([^<>]*+)>?")
_PLAIN_TAG: Final = re.compile(
    r"</?[a-zA-Z][a-zA-Z0-9-]*+"
    r"(?:\s++[\w:.-]++(?:\s*+=\s*+(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^\s\"'<>=`]++))?+)*+\s*+/?+>"
)


@dataclass(frozen=True, slots=True)
class _Tag:
    """A start tag or an end tag. Names are in lower case; `length` is in characters."""

    name: str
    is_end: bool
    length: int


def _tags_in(html: str) -> Iterator[_Tag]:
    for match in _TAG.finditer(html):
        yield _Tag(match[2].lower(), is_end=bool(match[1]), length=len(match[0]))


def is_nested_deeper(html: str, limit: int) -> bool:
    """Return whether tags may be nested in each other more than `limit` times.

    A tag counts as closed only if all tags opened inside it have been closed in order.
    Where that cannot be told without a parser, no tag counts as closed.
    """
    closes_count = _is_plain(html)
    flat = _EMPTY_TAGS if _FOREIGN.search(html) else _FLAT_TAGS
    opened: list[str] = []
    for tag in _tags_in(html):
        if tag.name in flat:
            continue
        if not tag.is_end:
            opened.append(tag.name)
        elif closes_count and opened and opened[-1] == tag.name:
            opened.pop()
        if len(opened) > limit:
            return True
    return False


def reopened_characters(html: str) -> int:
    """Return at most how many characters of reopened_characters tags a parser adds to the HTML.

    An unclosed `<a href="…">` is written again in every later block, so 80 kB can
    become 400 MB. A tag counts as closed only if all tags opened inside it have been
    closed in order. Where that cannot be told without a parser (comments, scripts, SVG,
    odd quotation marks), no tag counts as closed.
    """
    closes_count = _is_plain(html) and not _FOREIGN.search(html)
    opened: list[tuple[str, int]] = []
    active = total = 0
    for tag in _tags_in(html):
        if not tag.is_end:
            total += active
            size = tag.length if tag.name in FORMATTING else 0
            active += size
            if tag.name not in _VOID:
                opened.append((tag.name, size))
        elif closes_count and opened and opened[-1][0] == tag.name:
            active -= opened.pop()[1]
        else:
            # A parser may make an element of this end tag.
            total += active
    return total


def _is_plain(html: str) -> bool:
    """Return whether every tag is written plainly and no element has raw text."""
    if _RAW.search(html):
        return False
    return all(_PLAIN_TAG.match(html, start.start()) for start in _START.finditer(html))
