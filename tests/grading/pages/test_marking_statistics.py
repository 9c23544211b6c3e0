"""The statistics of markers, and the sample of their markings."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grading.models import MarkingChange, RegradeRequest, Stage
from grading.services.aliases import codes_of
from tests.factories import MarkingFactory, hours
from tests.grading.pages import signed_in, words
from tests.grading.test_allocation import made

pytestmark = pytest.mark.django_db


def test_hard_marker_stands_out_and_markings_are_sampled() -> None:
    assignment, lecturer, markers = made(students=4)
    assignment.marking_is_anonymous = True
    assignment.save()
    for number, submission in enumerate(assignment.submissions.order_by("pk")):
        marking = MarkingFactory.create(
            run=submission.runs.get(),
            marker=markers[number % 2],
            adjustment=8 if number % 2 else 2 + number,
        )
    MarkingChange.objects.create(
        marking=marking, actor=markers[1], at=hours(-3), before={}, after={}
    )
    RegradeRequest.objects.create(
        submission=submission,
        key="q1",
        reason="x",
        made_at=hours(-2),
        state=RegradeRequest.State.CHANGED,
        answered_at=hours(-1),
    )
    MarkingFactory.create(
        run=submission.runs.get(), stage=Stage.AGREED, marker=lecturer, adjustment=0
    )
    client = signed_in(lecturer)
    url = f"{assignment.get_absolute_url()}staff/marking/statistics/"
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url, {"sample": 1})
    assert len(captured) <= 22
    page = answer.context["page"]
    (question,) = page.questions
    by_name = {row.marker: row.numbers for row in question.rows}
    hard, kind = (by_name[marker.name] for marker in markers)
    assert (hard.mean, kind.mean, kind.spread) == (30.0, 80.0, 0.0)
    assert (hard.of_all, hard.difference) == (55.0, -25.0)
    assert {row.difference for row in question.rows} == {
        "\N{MINUS SIGN}25.0",
        "+25.0",
    }
    assert 'aria-label="Mean 30.0 %, spread 14.1; the mean of all is 55.0 %."' in (
        answer.content.decode()
    )
    assert words(answer).count("few markings") == 2
    assert [(row.count, row.changed) for row in page.markers] == [(2, 0), (2, 1)]
    (sampled,) = page.markers[0].sample
    codes = codes_of(assignment, [sampled.record.student])
    assert f"/q1/{codes[sampled.record.student]}/" in answer.content.decode()
    for submission in assignment.submissions.all():
        assert submission.author.name not in words(answer)
