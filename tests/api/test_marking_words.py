"""What the API says of a marking is for programs: no page, no button, no key."""

import re
from typing import Any, Final

import pytest

from accounts.models import User
from courses.models import RubricItem
from grading.models import GradingRun, MarkerAllocation, Marking, Stage
from tests.api.asking import codes, session_of
from tests.api.test_marking import give, work_url
from tests.api.test_marking import marker as marker  # noqa: PLC0414
from tests.api.test_marking import run as run  # noqa: PLC0414
from tests.factories import GradingRunFactory, MarkingFactory, SubmissionFactory

pytestmark = pytest.mark.django_db

OF_PAGES: Final = re.compile(
    r"\b(page|load|button|press|click|tick|opened|mark again|look at)\b", re.IGNORECASE
)


def said(answer: Any) -> str:
    text = answer.content.decode()
    assert not OF_PAGES.search(text), text
    return str(text)


def test_refusals_are_in_words_for_programs(run: GradingRun, marker: User) -> None:
    client = session_of(marker)
    item = RubricItem.objects.get().pk
    unknown = give(client, run, version=0, items=[item + 999])
    assert codes(unknown) == {("marking_refused", None)}
    assert "not in the rubric of this question now" in said(unknown)
    cells = [{"cell": 99, "text": "Here."}]
    nowhere = give(client, run, version=0, cell_comments=cells)
    assert codes(nowhere) == {("marking_refused", None)}
    assert "there is no cell 99" in said(nowhere)
    assert not Marking.objects.exists()
    give(client, run, version=0)
    late = give(client, run, version=0)
    assert codes(late) == {("marking_changed", None)}
    assert "Nothing was stored. Read it again" in said(late)
    work = SubmissionFactory.create(
        assignment=run.work.assignment, author=run.work.author
    )
    GradingRunFactory.create(submission=work, finished=True)
    moved = give(client, run, version=1)
    assert codes(moved) == {("attempt_changed", None)}
    assert "Attempt 2 counts now, and you sent a marking of attempt 1." in said(moved)


def test_points_that_are_cut_off_are_said(run: GradingRun, marker: User) -> None:
    client = session_of(marker)
    item = RubricItem.objects.get().pk
    stored = give(client, run, version=0, items=[item], adjustment="8.5").json()
    assert (stored["marking"]["points"], stored["marking"]["total"]) == (
        "10.00",
        "12.50",
    )


def test_an_agreed_marking_that_counts_is_said(run: GradingRun, marker: User) -> None:
    client = session_of(marker)
    none = give(client, run, version=0).json()
    assert (none["has_agreed"], none["agreed_points"]) == (False, None)
    MarkingFactory.create(run=run, stage=Stage.SECOND)
    MarkingFactory.create(run=run, stage=Stage.AGREED, adjustment=7)
    agreed = give(client, run, version=1, adjustment="2").json()
    assert (agreed["has_agreed"], agreed["agreed_points"]) == (True, "7.00")
    MarkerAllocation.objects.create(
        assignment=run.work.assignment, marker=marker, stage=Stage.SECOND
    )
    Marking.objects.filter(stage=Stage.SECOND).update(is_finished=False)
    blind = client.get(work_url(run)).json()
    assert (blind["has_agreed"], blind["agreed_points"]) == (True, None)
