"""Every page divides a mark's points alike: the run's, the coursework's, the marks'."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment
from grading.models import GradingRun, Marking
from tests.factories import (
    AssignmentFactory,
    ManualQuestionFactory,
    MarkFactory,
    MarkingFactory,
    hours,
)
from tests.grading.pages import (
    add_question,
    finished_run,
    signed_in,
    staff_of,
    student_of,
    words,
)

pytestmark = pytest.mark.django_db
_BAR = re.compile(r'class="points-bar"[^>]*aria-label="([^"]+)"')
WAITS = "Waits for marking by hand"


@pytest.fixture
def run() -> GradingRun:
    """A run that counts: 2 points shown at once, 3 never shown, 4 by hand."""
    assignment = AssignmentFactory.create()
    add_question(assignment, "never")
    ManualQuestionFactory.create(revision=assignment.revision, key="words", points=4)
    run = finished_run(assignment, student_of(assignment), secret=1)
    GradingRun.objects.filter(pk=run.pk).update(automatic_points=5)
    run.results.filter(question__key="words").update(points=0)
    MarkFactory.create(run=run)
    return run


def bars(user: User, *addresses: str) -> set[str]:
    """Return the words of the one bar of each page."""
    client, found = signed_in(user), []
    for address in addresses:
        (bar,) = _BAR.findall(client.get(address).content.decode())
        found.append(bar)
    return set(found)


def own_bars(run: GradingRun) -> set[str]:
    assignment = run.work.assignment
    marks = reverse("gradebook:marks", args=[assignment.course.slug])
    pages = (run.get_absolute_url(), assignment.get_absolute_url(), marks)
    return bars(run.work.author, *pages)


def staff_bars(run: GradingRun) -> set[str]:
    assignment = run.work.assignment
    slugs = [assignment.course.slug, assignment.slug]
    table = reverse("grading:assignment-staff", args=slugs)
    return bars(staff_of(assignment), run.get_absolute_url(), table)


def marks_words(run: GradingRun) -> str:
    address = reverse("gradebook:marks", args=[run.work.assignment.course.slug])
    return words(signed_in(run.work.author).get(address))


def test_all_pages_divide_the_points_alike(run: GradingRun) -> None:
    """What people gave is shown to students with the release."""
    MarkingFactory.create(run=run, adjustment=Decimal(3))
    assert own_bars(run) == {
        "Of 9 points: 2 earned, 3 hidden for now, 4 to be marked by hand."
    }
    assert staff_bars(run) == {"Of 9 points: 8 earned, 1 lost."}
    Marking.objects.all().delete()
    whole = "Of 9 points: 5 earned, 4 to be marked by hand."
    assert own_bars(run) == {
        "Of 9 points: 2 earned, 3 hidden for now, 4 to be marked by hand."
    }
    assert staff_bars(run) == {whole}
    released = {"closes_at": hours(-2), "marks_released_at": hours(-1)}
    Assignment.objects.update(due_at=hours(-3), **released)
    assert own_bars(run) == staff_bars(run) == {whole}


def test_a_mark_that_waits_for_a_marker_never_looks_complete(run: GradingRun) -> None:
    released = {"closes_at": hours(-2), "marks_released_at": hours(-1)}
    Assignment.objects.update(due_at=hours(-3), **released)
    text = marks_words(run)
    assert WAITS in text
    assert "Final" not in text
    MarkingFactory.create(run=run, adjustment=Decimal(3))
    assert own_bars(run) == staff_bars(run) == {"Of 9 points: 8 earned, 1 lost."}
    text = marks_words(run)
    assert WAITS not in text
    assert "Final 8 / 9" in text
