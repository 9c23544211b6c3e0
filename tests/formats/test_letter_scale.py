"""Letter scales are data: bounds are inclusive, and bad texts are refused in words."""

from fractions import Fraction

import pytest

from formats.letter_scale import LETTER_SCALES, LetterScaleError, parse_letter_scale


@pytest.mark.parametrize(
    ("percent", "letter"),
    [
        ("100", "A*"),
        ("80", "A*"),
        ("79.999", "A"),
        ("40", "D"),
        ("39.99", "E"),
        ("0", "F"),
    ],
)
def test_bound_is_inclusive_and_nothing_is_rounded(percent: str, letter: str) -> None:
    scale = parse_letter_scale(LETTER_SCALES["A* to F with E"])
    assert scale.letter(Fraction(percent)) == letter


@pytest.mark.parametrize("text", LETTER_SCALES.values())
def test_scale_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_letter_scale(text)) == text


def test_letters_may_be_words_and_stand_in_lines() -> None:
    scale = parse_letter_scale("First class 70%\nPass 40\nFail 0\n")
    assert scale.letter(Fraction(70)) == "First class"
    assert scale.lowest == "Fail"


def test_empty_text_has_no_letters() -> None:
    scale = parse_letter_scale(" \n")
    assert (scale.letter(Fraction(50)), scale.lowest) == ("", "")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("A", "least percentage"),
        ("A 70, B", "least percentage"),
        ("A nan, F 0", "least percentage"),
        ("A 101, F 0", "least percentage"),
        ("A 70, A 60, F 0", "twice"),
        ("B 60, A 70, F 0", "best letter first"),
        ("A 70, B 70, F 0", "best letter first"),
        ("A 70, B 60", "begin at 0"),
        ("A" * 21 + " 0", "20 characters"),
        (", ".join(f"L{n} {99 - n}" for n in range(40)), "at most 30"),
    ],
)
def test_bad_scale_is_refused_in_words(text: str, word: str) -> None:
    with pytest.raises(LetterScaleError, match=word):
        parse_letter_scale(text)
