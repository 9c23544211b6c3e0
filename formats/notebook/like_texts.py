"""How alike two answers are: by their words, in time that grows with their length."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

# From this ratio on, two answers are nearly the same.
NEARLY: Final = 0.9
# The most characters of an answer that are compared.
MAX_TEXT: Final = 40_000
# How many words in a row are compared at once.
_RUN: Final = 3
# A word, a number, or one sign, as in code.
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
# A comment of its own line that marks the answer or is a remark of the hand-out.
_MARK: Final = re.compile(r"^\s*(?:#|<!--)\s*softmark:.*$", re.MULTILINE)


@dataclass(frozen=True)
class AnswerText:
    """The text of an answer, of which only words and signs count.

    White space and capital letters do not.
    """

    words: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, sources: Iterable[str]) -> "AnswerText":
        """Return the text of an answer in these cells."""
        text = "\n".join(sources)[:MAX_TEXT]
        return cls(tuple(_TOKEN.findall(_MARK.sub("", text).casefold())))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to compare."""
        return not self.words


def likeness(one: AnswerText, other: AnswerText) -> float:
    """Return how alike two answers are, from 0 to 1, which means identical."""
    if one.words == other.words:
        return 1.0
    # No ratio is above that of the lengths, so most pairs end here.
    lengths = sorted((len(one.words), len(other.words)))
    if 2 * lengths[0] < NEARLY * sum(lengths):
        return 0.0
    runs, others = Counter(_runs(one.words)), Counter(_runs(other.words))
    common = (runs & others).total()
    # Never 1 for answers with other words.
    return min(2 * common / (runs.total() + others.total()), 0.999)


def _runs(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    if len(words) < _RUN:
        return [tuple(words)]
    return zip(*(words[at:] for at in range(_RUN)), strict=False)
