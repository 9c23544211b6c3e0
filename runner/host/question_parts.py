"""The parts of a question, split by when their results are shown.

Parts of a lower secrecy are asked first, for all questions. So what a hidden check gives
to the student's code arrives too late to affect a result that the student sees earlier.
A question's snapshot stands still between its parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from runner.protocol import check_words
from runner.protocol.jobs import Outcome, QuestionOutcome, QuestionSpec


@dataclass(frozen=True, kw_only=True)
class QuestionPart:
    """The checks of a question that have the same secrecy."""

    question: QuestionSpec
    secrecy: int


def parts_of(question: QuestionSpec) -> list[QuestionPart]:
    """Return the parts of a question, in the order in which they are asked.

    A question without checks is one part.
    """
    levels = sorted({check.secrecy for check in question.checks}) or [0]
    return [
        QuestionPart(
            question=replace(
                question,
                checks=tuple(one for one in question.checks if one.secrecy == level),
            ),
            secrecy=level,
        )
        for level in levels
    ]


def in_order_of_asking(questions: Sequence[QuestionSpec]) -> list[QuestionPart]:
    """Return the parts of all questions, by secrecy and then in the revision's order."""
    parts = [part for question in questions for part in parts_of(question)]
    return sorted(parts, key=lambda part: part.secrecy)


def replaces(
    question: QuestionSpec, outcome: QuestionOutcome, other: QuestionOutcome
) -> bool:
    """Return whether a later copy of the check cell counts instead of an earlier one.

    It counts unless `other`, the outcome at the earlier one, has more points. SECURITY:
    only points of the first part count here, whose results are shown first. If hidden
    checks decided, the results shown for the chosen copy would reveal what they gave.
    """
    first = parts_of(question)[0].question
    return check_words.points(first, outcome) >= check_words.points(first, other)


def join(
    question: QuestionSpec, outcomes: Sequence[QuestionOutcome]
) -> QuestionOutcome:
    """Return the question's outcome, joined from the outcomes of its parts."""
    if len(outcomes) == 1:
        return outcomes[0]
    found = {check.name: check for one in outcomes for check in one.checks}
    seconds = sum(one.seconds for one in outcomes)
    whole = check_words.conclude(
        question, found, missing=check_words.ENDED, seconds=seconds
    )
    if any(one.outcome is Outcome.TIMEOUT for one in outcomes):
        return replace(whole, outcome=Outcome.TIMEOUT)
    return whole
