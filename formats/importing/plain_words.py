"""Convert titles and descriptions of foreign sources to plain words."""

import re
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN: Final = MarkdownIt("commonmark")
_LONGEST_READ: Final = 2_000
_TAGS: Final = (
    "a abbr b big blockquote br center cite code dd del details div dl dt em figcaption "
    "figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section "
    "small span strike strong sub summary sup table tbody td th thead tr tt u ul var"
)
# Python code that Markdown would interpret as markup.
_PYTHON: Final = re.compile(
    rf"""
    <(?!!--|/?(?:{"|".join(_TAGS.split())})(?:\s*/?>|\s+[\w-]+\s*=))   # a < b
    | (?<=\w)\[                                   # a[0](x)
    | (?<=\w)\*(?=\w)                             # a*b*c
    | (?<!\w)__[a-z]+(?:_[a-z]+)*__(?!\w)         # __init__
    """,
    re.VERBOSE,
)
_BLOCK: Final = re.compile(r"\A\s{0,3}(?:#{1,6}(?=\s|$)|[-+*>](?=\s))\s*")
_CLOSING: Final = re.compile(r"\s#+$")
_NUMBER: Final = re.compile(
    r"\A(?:\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxIVX]{1,5})[.)]|\d{1,3}(?:\.\d{1,3})+)"
    r"\s+(?=\S)"
)
_POINTS: Final = re.compile(
    r"\s?[(\[]\s?[\d.]+\s?(?:points?|pts?|marks?)\s?[)\]]\s?", re.IGNORECASE
)
_SPACES: Final = re.compile(r"\s+")


def plain_words(text: str, *, longest: int) -> str:
    """Return the text as words on one line, without Markdown and HTML.

    Entities become characters. Text that is too long is cut after a word.
    """
    line = _SPACES.sub(" ", text[:_LONGEST_READ]).strip()
    line = _CLOSING.sub("", _BLOCK.sub("", line, count=1))
    escaped = _PYTHON.sub(lambda found: _escaped(found[0]), line)
    tokens = _MARKDOWN.parseInline(escaped)
    return _cut(_SPACES.sub(" ", _text(tokens)).strip(), longest)


def plain_title(text: str, *, longest: int = 200) -> str:
    """Return the words of a heading, without its number and its points."""
    words = plain_words(text, longest=_LONGEST_READ)
    words = _POINTS.sub(" ", words).strip().strip(":").strip()
    return _cut(_NUMBER.sub("", words, count=1).strip(), longest)


def _escaped(mark: str) -> str:
    return "".join(each if each.isalnum() else f"\\{each}" for each in mark)


def _text(tokens: list[Token]) -> str:
    """Return the text of the tokens. An image becomes its description."""
    pieces = []
    for token in tokens:
        if token.children is not None:
            pieces.append(_text(token.children))
        elif token.type in ("text", "code_inline"):
            pieces.append(token.content)
        elif token.type in ("softbreak", "hardbreak", "html_inline"):
            is_break = token.type != "html_inline" or token.content.startswith("<br")
            pieces.append(" " if is_break else "")
    return "".join(pieces)


def _cut(words: str, longest: int) -> str:
    if len(words) <= longest:
        return words
    kept = words[: longest - 1]
    return f"{kept.rpartition(' ')[0] or kept}…"
