"""How alike two answers are: by their words, in time that grows with their length."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from formats.notebook.cell_changes import source_text

# From this ratio on, two answers are nearly the same.
NEARLY: Final = 0.9
# The most characters of an answer whose words are compared. All that follows them counts
# as one word.
MAX_TEXT: Final = 40_000
# How many words in a row are compared at once.
_RUN: Final = 3
# A word, a number, or one sign, as in code.
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
# The first line of a cell, if it marks the cell as an answer. SECURITY: a longer line is
# read by no pattern.
_MARK: Final = re.compile(r"\s*(?:#|<!--)\s*softmark:\s*answer\s+\S+\s*(?:-->\s*)?")
_LONGEST_MARK: Final = 300


@dataclass(frozen=True)
class AnswerText:
    """The text of an answer.

    `words` are its words and signs, without white space and capital letters. `exact` is
    equal only for the same kinds of cells with the same lines: in code and in formulas,
    white space and capital letters say something. `files` are digests of what is attached
    to its cells, such as pictures.
    """

    words: tuple[str, ...] = field(repr=False)
    exact: str = ""
    files: tuple[str, ...] = ()

    @classmethod
    def of(cls, cells: Iterable[Mapping[str, Any]]) -> "AnswerText":
        """Return the text of an answer in these cells."""
        listed = list(cells)
        parts = [(str(one.get("cell_type")), _text_of(one)) for one in listed]
        text = "\n".join(each for _, each in parts)
        words = _TOKEN.findall(text[:MAX_TEXT].casefold())
        if text[MAX_TEXT:].strip():
            words.append(_digest(text[MAX_TEXT:]))
        files = tuple(digest for one in listed for digest in _files_of(one))
        return cls(tuple(words), _digest(parts), files)

    def has_same_words(self, other: "AnswerText") -> bool:
        """Return whether nothing differs but white space and capital letters."""
        return (self.words, self.files) == (other.words, other.files)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to compare."""
        return not self.words


def _text_of(cell: Mapping[str, Any]) -> str:
    """Return the cell's text without its mark, and without blanks at ends of lines."""
    lines = [line.rstrip() for line in source_text(cell).split("\n")]
    if len(lines[0]) <= _LONGEST_MARK and _MARK.fullmatch(lines[0]):
        del lines[0]
    return "\n".join(lines).strip("\n")


def _files_of(cell: Mapping[str, Any]) -> list[str]:
    attached = cell.get("attachments")
    found = attached if isinstance(attached, Mapping) else {}
    return [_digest([name, found[name]]) for name in sorted(found)]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


# The most for answers that are not identical.
_NOT_IDENTICAL: Final = 0.999


def likeness(one: AnswerText, other: AnswerText) -> float:
    """Return how alike two answers are, from 0 to 1, which means identical.

    Answers with other files are not alike, whatever their words: a picture may be all of
    the answer, and its name is often the same.
    """
    if one.files != other.files:
        return 0.0
    if one.words == other.words:
        return 1.0 if one.exact == other.exact else _NOT_IDENTICAL
    # No ratio is above that of the lengths, so most pairs end here.
    lengths = sorted((len(one.words), len(other.words)))
    if 2 * lengths[0] < NEARLY * sum(lengths):
        return 0.0
    runs, others = Counter(_runs(one.words)), Counter(_runs(other.words))
    common = (runs & others).total()
    # Never 1 for answers with other words.
    return min(2 * common / (runs.total() + others.total()), _NOT_IDENTICAL)


def _runs(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    if len(words) < _RUN:
        return [tuple(words)]
    return zip(*(words[at:] for at in range(_RUN)), strict=False)
