"""How alike two answers are."""

from formats.notebook.like_texts import NEARLY, AnswerText, likeness

LONG = " ".join(f"word{number}" for number in range(60))


def ratio(one: str, other: str) -> float:
    return likeness(AnswerText.of([one]), AnswerText.of([other]))


def test_white_space_capitals_and_marks_make_no_difference() -> None:
    marked = "# softmark: answer words\nx  =  1\n"
    assert ratio(marked, "X = 1") == 1
    assert likeness(AnswerText.of(["a", "b"]), AnswerText.of(["a\nb"])) == 1


def test_one_other_word_in_many_is_nearly_the_same_and_never_identical() -> None:
    assert NEARLY <= ratio(LONG, LONG.replace("word30", "other")) < 1
    assert ratio(LONG, LONG.replace("word3", "other")) < NEARLY
    # The same words in another order say something else.
    assert ratio(LONG, " ".join(reversed(LONG.split()))) < NEARLY


def test_other_lengths_and_short_answers_are_not_alike() -> None:
    assert ratio(LONG, LONG + LONG) == 0
    assert ratio("yes", "no") == 0
    assert ratio("x + 1", "x - 1") < NEARLY
    assert AnswerText.of(["  \n"]).is_empty
