"""How alike two answers are."""

from typing import Any

import pytest

from formats.notebook.like_texts import MAX_TEXT, NEARLY, AnswerText, likeness

LONG = " ".join(f"word{number}" for number in range(60))


def answer(*sources: str, kind: str = "markdown", **more: Any) -> AnswerText:
    return AnswerText.of({"cell_type": kind, "source": one, **more} for one in sources)


def ratio(one: str, other: str) -> float:
    return likeness(answer(one), answer(other))


def picture(content: str) -> dict[str, Any]:
    return {"attachments": {"image.png": {"image/png": content}}}


def test_the_mark_and_blanks_at_ends_make_no_difference() -> None:
    marked = "# softmark: answer words\nx = 1  \ny = 2\n\n"
    assert ratio(marked, "x = 1\ny = 2") == 1
    assert answer(marked).has_same_words(answer("X =  1\n\n  Y = 2"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "for x in xs:\n    t += x\n    print(t)",
            "for x in xs:\n    t += x\nprint(t)",
        ),
        ("$P(n)$ is the number of paths.", "$p(N)$ is the number of paths."),
        ("print('a b')", "print('a  b')"),
        ("x = 1", "# softmark: not at all\nx = 1"),
        (f"{'a ' * (MAX_TEXT // 2)}\nyes", f"{'a ' * (MAX_TEXT // 2)}\nno"),
    ],
)
def test_no_answers_are_identical_that_say_something_else(one: str, other: str) -> None:
    assert ratio(one, other) < 1
    assert ratio(one, one) == 1


def test_other_kinds_and_numbers_of_cells_are_not_identical() -> None:
    assert NEARLY <= likeness(answer("x = 1"), answer("x = 1", kind="code")) < 1
    assert NEARLY <= likeness(answer("a", "b"), answer("a\nb")) < 1


def test_answers_with_other_pictures_under_the_same_name_are_not_alike() -> None:
    text = "![image.png](attachment:image.png)"
    one, other = answer(text, **picture("AAAA")), answer(text, **picture("BBBB"))
    assert likeness(one, one) == 1
    assert likeness(one, other) == likeness(one, answer(text)) == 0
    assert not one.has_same_words(answer(text))


def test_one_other_word_in_many_is_nearly_the_same_and_never_identical() -> None:
    assert NEARLY <= ratio(LONG, LONG.replace("word30", "other")) < 1
    assert ratio(LONG, LONG.replace("word3", "other")) < NEARLY
    # The same words in another order say something else.
    assert ratio(LONG, " ".join(reversed(LONG.split()))) < NEARLY


def test_other_lengths_and_short_answers_are_not_alike() -> None:
    assert ratio(LONG, LONG + LONG) == 0
    assert ratio("yes", "no") == 0
    assert ratio("x + 1", "x - 1") < NEARLY
    assert answer("  \n").is_empty
