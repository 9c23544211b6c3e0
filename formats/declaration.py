"""What students declare when they hand in: a statement, and answers to questions.

An assignment has its questions as text, one on each line. `[number]` at the end asks
for a number, and `[required]` for any answer at all:

    Which AI tools did you use, and for what? [required]
    Hours worked [number]
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Self

from formats.problems import Problem

DEFAULT_STATEMENT: Final = "This is my own, unaided work."
LONGEST_STATEMENT: Final = 2_000
LONGEST_QUESTIONS: Final = 4_000
LONGEST_QUESTION: Final = 300
LONGEST_ANSWER: Final = 2_000
MOST_QUESTIONS: Final = 12
HIGHEST_NUMBER: Final = 1_000_000
_KEY_DIGITS: Final = 12
_MARK: Final = re.compile(r"\s*\[([^\[\]]*)\]$")
_MARKS: Final = ("number", "required")


_UNKNOWN: Final = Problem(
    code="answer_unknown",
    message="The questions of this coursework have changed since you began.",
    hint="Answer the questions as they are now.",
)


class QuestionsError(Exception):
    """The text does not give questions. The message says why, in words."""


@dataclass(frozen=True, kw_only=True)
class DeclarationQuestion:
    """A question that students answer when they hand in."""

    text: str
    is_number: bool = False
    is_required: bool = False

    @property
    def key(self) -> str:
        """A short name that changes with the question, for forms and the API."""
        parts = f"{self.text}\0{self.is_number}"
        return hashlib.sha256(parts.encode()).hexdigest()[:_KEY_DIGITS]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer, with the question as it was asked."""

    question: str
    answer: str
    is_number: bool = False


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What somebody declared: the statement as it was shown, and the answers.

    An empty statement says that nothing was declared, as for work that staff hand in.
    """

    statement: str = ""
    answers: tuple[Answer, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return plain data for the database and the API; empty without a statement."""
        if not self.statement:
            return {}
        return {
            "statement": self.statement,
            "answers": [vars(each) for each in self.answers],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what `as_json` has written."""
        return cls(
            statement=data.get("statement", ""),
            answers=tuple(Answer(**each) for each in data.get("answers", ())),
        )


NOT_DECLARED: Final = Declaration()


def parse_questions(text: str) -> tuple[DeclarationQuestion, ...]:
    """Return the questions of an assignment's text. Raises QuestionsError."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    questions = tuple(_question(line) for line in lines if line)
    if len(questions) > MOST_QUESTIONS:
        raise QuestionsError(f"Ask at most {MOST_QUESTIONS} questions.")
    texts = [each.text.casefold() for each in questions]
    for each in questions:
        if texts.count(each.text.casefold()) > 1:
            raise QuestionsError(f"“{each.text[:80]}” is asked twice.")
    return questions


def _question(line: str) -> DeclarationQuestion:
    rest, marks = line, set()
    while found := _MARK.search(rest):
        if found[1] not in _MARKS:
            raise QuestionsError(
                f"“[{found[1][:40]}]” at the end of a question is not known. Use "
                "[number], [required] or both."
            )
        marks.add(found[1])
        rest = rest[: found.start()]
    if not rest:
        raise QuestionsError(f"“{line}” has no question.")
    if len(rest) > LONGEST_QUESTION:
        raise QuestionsError(
            f"“{rest[:60]}…” is too long: a question has at most {LONGEST_QUESTION} "
            "characters."
        )
    return DeclarationQuestion(
        text=rest, is_number="number" in marks, is_required="required" in marks
    )


def declare(
    statement: str,
    questions: Sequence[DeclarationQuestion],
    answers: Mapping[str, str],
) -> tuple[Declaration, list[Problem]]:
    """Return what is declared by these answers, and every problem of them.

    `answers` are by the keys of the questions. Questions without an answer are left
    out, unless an answer is required.
    """
    problems: list[Problem] = []
    given: list[Answer] = []
    for question in questions:
        text = _plain(answers.get(question.key, ""))
        fault = _fault(question, text)
        if fault is not None:
            problems.append(fault)
        elif text:
            if question.is_number:
                text = text.replace(",", ".")
            answer = Answer(
                question=question.text, answer=text, is_number=question.is_number
            )
            given.append(answer)
    known = {question.key for question in questions}
    if any(_plain(answers[key]) for key in answers if key not in known):
        problems.append(_UNKNOWN)
    declared = Declaration(statement=statement, answers=tuple(given))
    return declared, problems


def _fault(question: DeclarationQuestion, text: str) -> Problem | None:
    if not text:
        words = f"Answer the question “{question.text}”."
        missing = Problem(code="answer_missing", message=words)
        return missing if question.is_required else None
    if len(text) > LONGEST_ANSWER:
        return Problem(
            code="answer_too_long",
            message=f"The answer to “{question.text}” has more than {LONGEST_ANSWER:,} "
            "characters.",
            hint="Shorten it.",
        )
    if question.is_number and not _is_number(text):
        return Problem(
            code="answer_no_number",
            message=f"The answer to “{question.text}” is not a number.",
            hint=f"Give a number from 0 to {HIGHEST_NUMBER:,}, such as 3 or 2.5.",
        )
    return None


def _is_number(text: str) -> bool:
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return False
    return number.is_finite() and 0 <= number <= HIGHEST_NUMBER


def _plain(text: str) -> str:
    """Return the text without what no database stores: NUL and half characters."""
    whole = text.encode(errors="replace").decode()
    return whole.replace("\x00", "").replace("\r\n", "\n").strip()
