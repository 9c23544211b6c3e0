"""Recognise marks of content for staff: hidden tests, and marks in public files."""

import re
from difflib import get_close_matches
from typing import BinaryIO, Final

_MARK: Final = re.compile(
    rb"(?:BEGIN|END)[^\w\n]+(?:SOLUTION|MARK[^\w\n]?SCHEME|HIDDEN[^\w\n]?TESTS?)"
)
# The most bytes of a file that are searched.
_READ: Final = 1 << 20

# Words of such marks, in any case and in several languages.
_EDGES: Final = (
    *("begin", "begins", "end", "ends", "start", "starts", "stop", "beginn", "anfang"),
    *("ende", "debut", "début", "fin", "inicio", "inizio", "fine"),
)
_HIDDEN: Final = (
    *("hidden", "private", "secret", "invisible", "versteckt", "versteckte"),
    *("verborgen", "verborgene", "geheime", "cachés", "caches", "ocultos", "nascosti"),
)
_TESTS: Final = ("tests", "test", "testcase", "testcases")
_FILLING: Final = frozenset(
    {
        *("of", "the", "our", "some", "more", "other", "these", "are", "for", "here"),
        *("below", "follow", "der", "die", "des", "du", "de", "los", "dei"),
    }
)
_LETTERS: Final = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+|[^\W\d_]+")


def looks_hidden(line: str, *, alone: bool = False) -> bool:
    """Return whether a comment seems to mark where hidden tests begin or end.

    With `alone`, return whether it seems to be a heading of hidden tests: it has hardly
    any other words.
    """
    comment = line.partition("#")[2] or line.partition("<!--")[2]
    words = _LETTERS.findall(comment[:120])
    kinds = "".join(_kind_of_word(word.lower()) for word in words)
    if alone:
        return re.fullmatch(r"O*(?:HT|TH)O*", kinds) is not None
    return re.match(r"EO*(?:HT|TH)|O*(?:HT|TH)EO*$", kinds) is not None


def _kind_of_word(word: str) -> str:
    """Return the word's kind: E edge, H hidden, T tests, HT both, O filler, or a dot.

    A word that is nearly “begin”, “hidden” or “tests” counts as that word.
    """
    if any(word == f"{hidden}{tests}" for hidden in _HIDDEN for tests in _TESTS):
        return "HT"
    if word in _FILLING:
        return "O"
    for letter, known in (("E", _EDGES), ("H", _HIDDEN), ("T", _TESTS)):
        if word in known or get_close_matches(word, known[:1], 1, 0.8):
            return letter
    return "."


def line_of_staff_mark(content: BinaryIO) -> int:
    """Return the first line of a text file with a mark for staff; 0 without any."""
    text = content.read(_READ)
    if b"\0" in text:
        return 0
    for number, line in enumerate(text.split(b"\n"), 1):
        if _MARK.search(line):
            return number
    return 0
