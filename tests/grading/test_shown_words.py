"""A check says what its author wrote, and our own words where these say more."""

import datetime as dt
from decimal import Decimal
from typing import Final

import pytest

from formats.assignment.assignment_content import Check, Visibility
from formats.choices import QuestionKind
from grading.scoring import QuestionRules, score_question
from grading.visible_results import ShownCheck, ViewTimes, show_question
from runner.protocol import check_words
from runner.protocol.check_reports import CheckReport
from runner.protocol.jobs import CheckOutcome, Outcome, QuestionOutcome

NOON: Final = dt.datetime(2027, 2, 1, 12, tzinfo=dt.UTC)
BEFORE: Final = ViewTimes(
    now=NOON, closes_at=NOON + dt.timedelta(hours=1), released_at=None
)
SAYS: Final = CheckReport(message="Both sides.")
SHOWS: Final = CheckReport(expected="4", found="5")


def shown(
    message: str,
    own: dict[str, str],
    report: CheckReport,
    *,
    score: float = 0,
    visibility: Visibility = Visibility.ALWAYS,
) -> list[ShownCheck]:
    """Return what a student sees of a check with this result, before the deadline."""
    check = Check(name="a", points=Decimal(1), visibility=visibility, **own)
    rules = QuestionRules(
        key="q",
        title="",
        description="",
        kind=QuestionKind.AUTO,
        points=Decimal(1),
        checks=(check,),
    )
    outcome = CheckOutcome(name="a", score=score, message=message, report=report)
    found = QuestionOutcome(key="q", outcome=Outcome.FAILED, checks=(outcome,))
    return list(show_question(rules, score_question(rules, found), BEFORE).checks)


OWN: Final = {"success": "Well done.", "failure": "Zeros on all sides."}
NOTHING: Final = CheckReport()
WORDS: Final = [
    ("passed", 1, NOTHING, {}, ("passed",)),
    ("passed", 1, NOTHING, OWN, ("Well done.",)),
    ("returned False", 0, NOTHING, {}, ("returned False",)),
    ("returned False", 0, NOTHING, OWN, ("Zeros on all sides.",)),
    ("returned False", 0, SHOWS, {}, ()),
    ("passed in part", 0.5, NOTHING, OWN, ("Zeros on all sides.",)),
    ("raised AssertionError", 0, SAYS, {}, ("Both sides.",)),
    ("raised AssertionError", 0, SAYS, OWN, ("Zeros on all sides.", "Both sides.")),
    (
        "raised IndexError",
        0,
        NOTHING,
        OWN,
        ("Zeros on all sides.", "raised IndexError"),
    ),
    ("out of time", 0, NOTHING, OWN, ("Zeros on all sides.", "out of time")),
    *(
        (words, 0, NOTHING, OWN, (words,))
        for words in (check_words.NOT_REACHED, check_words.NOT_RUN)
    ),
]


@pytest.mark.parametrize(("message", "score", "report", "own", "said"), WORDS)
def test_the_author_s_words_come_first(
    message: str,
    score: float,
    report: CheckReport,
    own: dict[str, str],
    said: tuple[str, ...],
) -> None:
    (check,) = shown(message, own, report, score=score)
    assert check.words == said
    assert check.is_explained is (said not in {(), ("passed",)})


@pytest.mark.parametrize("visibility", set(Visibility) - {Visibility.ALWAYS})
def test_a_hidden_check_shows_nothing_of_it(visibility: Visibility) -> None:
    assert not shown("raised", OWN, SHOWS, visibility=visibility)
