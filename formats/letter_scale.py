"""Letter scales: the letter for a percentage. Pure data, without a database."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from typing import Final

LONGEST_SCALE: Final = 400
_LONGEST_LETTER: Final = 20
_MOST_LETTERS: Final = 30
_ALL: Final = Decimal(100)
_EXAMPLE: Final = "A* 80, A 70, B 60, C 50, D 40, F 0"


class LetterScaleError(ValueError):
    """A text gives no letter scale. The message says what to do."""


@dataclass(frozen=True, kw_only=True)
class LetterScale:
    """Letters with the least percentage of each, the best letter first.

    A bound is inclusive, and nothing is rounded before it is compared.
    """

    bounds: tuple[tuple[str, Decimal], ...]

    def letter(self, percent: Fraction) -> str:
        """Return the letter for this exact percentage; empty without a scale."""
        for letter, least in self.bounds:
            if percent >= Fraction(least):
                return letter
        return ""

    @property
    def lowest(self) -> str:
        """The letter of those who fail; empty without a scale."""
        return self.bounds[-1][0] if self.bounds else ""

    def __str__(self) -> str:
        return ", ".join(f"{letter} {least:f}" for letter, least in self.bounds)


def parse_letter_scale(text: str) -> LetterScale:
    """Return the scale in a text such as `A* 80, A 70, F 0`. An empty text has none.

    Letters are separated by commas or lines. Raise LetterScaleError for anything else.
    """
    entries = [each.strip() for each in text.replace("\n", ",").split(",")]
    bounds = tuple(_bound(each) for each in entries if each)
    if not bounds:
        return LetterScale(bounds=())
    if len(bounds) > _MOST_LETTERS:
        raise LetterScaleError(f"Give at most {_MOST_LETTERS} letters.")
    letters = [letter for letter, _ in bounds]
    for letter in letters:
        if letters.count(letter) > 1:
            raise LetterScaleError(f"The letter {letter} is there twice. Remove one.")
    for (better, above), (worse, below) in pairwise(bounds):
        if below >= above:
            raise LetterScaleError(
                f"{worse} must begin below {better}: list the best letter first."
            )
    if bounds[-1][1] != 0:
        raise LetterScaleError(
            f"The last letter must begin at 0, as in “{_EXAMPLE}”. Otherwise some "
            "marks have no letter."
        )
    return LetterScale(bounds=bounds)


def _bound(entry: str) -> tuple[str, Decimal]:
    letter, _, number = entry.rpartition(" ")
    letter = letter.strip()
    try:
        least = Decimal(number.removesuffix("%"))
    except InvalidOperation:
        least = Decimal("NaN")
    if not letter or not least.is_finite() or not 0 <= least <= _ALL:
        raise LetterScaleError(
            f"“{entry[:40]}” is not a letter and its least percentage. Write for "
            f"example “{_EXAMPLE}”."
        )
    if len(letter) > _LONGEST_LETTER:
        raise LetterScaleError(f"A letter has at most {_LONGEST_LETTER} characters.")
    return letter, least


# The two scales of the department's front ends: they differ below 40.
LETTER_SCALES: Final[Mapping[str, str]] = {
    "A* to F": "A* 80, A 70, B 60, C 50, D 40, F 0",
    "A* to F with E": "A* 80, A 70, B 60, C 50, D 40, E 30, F 0",
}
