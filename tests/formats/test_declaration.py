"""Questions of a declaration as text, and answers to them."""

import pytest

from formats.declaration import (
    LONGEST_ANSWER,
    Answer,
    Declaration,
    DeclarationQuestion,
    QuestionsError,
    declare,
    parse_questions,
)

TOOLS, HOURS = parse_questions(
    "Which AI tools, and for what? [required]\r\n\n  Hours   worked [number] \n"
)


def codes(**answers: str) -> list[str]:
    _, problems = declare("Mine.", [TOOLS, HOURS], answers)
    return [each.code for each in problems]


def answered(tools: str, hours: str) -> dict[str, str]:
    return {TOOLS.key: tools, HOURS.key: hours}


def test_questions_are_lines_with_marks_at_their_end() -> None:
    assert (
        DeclarationQuestion(text="Which AI tools, and for what?", is_required=True)
        == TOOLS
    )
    assert DeclarationQuestion(text="Hours worked", is_number=True) == HOURS
    (both,) = parse_questions("Hours [required] [number]")
    assert both.is_number
    assert both.is_required
    assert parse_questions(" \n\n") == ()
    (inner,) = parse_questions("Did you use [brackets] here?")
    assert inner.text == "Did you use [brackets] here?"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hours [numbers]", r"\[numbers\].* is not known"),
        ("[required]", "has no question"),
        ("Why?\nWHY?", "asked twice"),
        ("x" * 301, "too long"),
        ("\n".join(f"Question {n}" for n in range(13)), "at most 12"),
    ],
)
def test_what_is_no_question_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(QuestionsError, match=words):
        parse_questions(text)


def test_answers_are_kept_with_their_questions_and_come_back_from_json() -> None:
    declared, problems = declare(
        "Mine.", [TOOLS, HOURS], answered(" none \x00\ud800", "2,5")
    )
    assert not problems
    assert declared.answers == (
        Answer(question=TOOLS.text, answer="none ?"),
        Answer(question=HOURS.text, answer="2.5", is_number=True),
    )
    assert Declaration.from_json(declared.as_json()) == declared
    assert Declaration().as_json() == {}
    assert Declaration.from_json({}) == Declaration()


def test_optional_answers_may_be_left_out_and_required_ones_not() -> None:
    assert codes(**answered("none", "")) == []
    assert codes(**answered("  ", "3")) == ["answer_missing"]
    assert codes() == ["answer_missing"]


@pytest.mark.parametrize("hours", ["many", "-1", "nan", "inf", "1e9", "1e999999", "2h"])
def test_a_number_must_be_one(hours: str) -> None:
    assert codes(**answered("none", hours)) == ["answer_no_number"]


def test_long_answers_and_answers_to_other_questions_are_refused() -> None:
    long = "x" * (LONGEST_ANSWER + 1)
    assert codes(**answered(long, "1")) == ["answer_too_long"]
    assert codes(**answered("none", "1"), other="lost") == ["answer_unknown"]
    assert codes(**answered("none", "1"), other="") == []
