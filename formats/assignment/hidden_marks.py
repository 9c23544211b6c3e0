"""Marks of what is for staff: of hidden tests, and in files beside a notebook."""

import re
from difflib import get_close_matches
from typing import BinaryIO, Final

_MARK: Final = re.compile(
    rb"(?:BEGIN|END)[^\w\n]+(?:SOLUTION|MARK[^\w\n]?SCHEME|HIDDEN[^\w\n]?TESTS?)"
)
# So many bytes of a file are looked at.
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

    With `alone` it seems to head them: it has hardly other words.
    """
    comment = line.partition("#")[2] or line.partition("<!--")[2]
    words = _LETTERS.findall(comment[:120])
    kinds = "".join(_kind_of_word(word.lower()) for word in words)
    if alone:
        return re.fullmatch(r"O*(?:HT|TH)O*", kinds) is not None
    return re.match(r"EO*(?:HT|TH)|O*(?:HT|TH)EO*$", kinds) is not None


def _kind_of_word(word: str) -> str:
    """Return E of an edge, H and T of hidden tests, O of what says nothing, else a dot.

    One letter may be wrong in English words.
    """
    if any(word == f"{hidden}{tests}" for hidden in _HIDDEN for tests in _TESTS):
        return "HT"
    if word in _FILLING:
        return "O"
    for letter, known in (("E", _EDGES), ("H", _HIDDEN), ("T", _TESTS)):
        if word in known or get_close_matches(word, known[:1], 1, 0.8):
            return letter
    return "."


def staffs_mark(content: BinaryIO) -> int:
    """Return the line of a text file that marks what is for staff; 0 if none does."""
    text = content.read(_READ)
    if b"\0" in text:
        return 0
    for number, line in enumerate(text.split(b"\n"), 1):
        if _MARK.search(line):
            return number
    return 0
