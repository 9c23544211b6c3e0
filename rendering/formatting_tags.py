"""How much HTML's rules for unclosed formatting tags can add to a text."""

import re
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
# A parser reads the content of these elements as text, without tags.
_RAW: Final = re.compile(
    r"<(?:iframe|math|noembed|noframes|noscript|plaintext|script|select|svg"
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


def reopened(html: str) -> int:
    """Return at most how many characters of reopened tags a parser adds to the HTML.

    An unclosed `<a href="…">` is written again in every later block, so 80 kB can
    become 400 MB. A tag counts as closed only if all tags opened inside it have been
    closed in order. Where that cannot be told without a parser (comments, scripts, odd
    quotation marks), no tag counts as closed.
    """
    closes_count = _is_plain(html)
    opened: list[tuple[str, int]] = []
    active = total = 0
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if not match[1]:
            total += active
            size = len(match[0]) if name in FORMATTING else 0
            active += size
            if name not in _VOID:
                opened.append((name, size))
        elif closes_count and opened and opened[-1][0] == name:
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
