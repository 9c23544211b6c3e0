"""The re-score page shows the marks that new points change, and then changes them."""

from decimal import Decimal

import pytest

from courses.models import Assignment
from grading.models import Mark
from tests.factories import AssignmentFactory
from tests.grading.pages import add_question, signed_in, words
from tests.grading.test_rescoring import lecturer_of, marked

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    """Give an assignment with 2 points for the answer, 3 for the harder question."""
    made = AssignmentFactory.create()
    add_question(made, "always")
    return made


def test_page_shows_changes_and_then_makes_them(assignment: Assignment) -> None:
    run, client = marked(assignment), signed_in(lecturer_of(assignment))
    url = f"{assignment.get_absolute_url()}staff/rescore/"
    form = {"points:secret:check_secret": "1.5", "preview": "1"}
    answer = client.get(url, form)
    assert f"{run.work.author.name} attempt 1 5 3.5 \u22121.5" in words(answer)
    digest = answer.context["page"].plan.digest
    done = client.post(url, {**form, "digest": digest, "reason": "x"}, follow=True)
    assert "The work has been re-scored. 1 mark changed." in words(done)
    assert Mark.objects.get().final_points == Decimal("3.5")


@pytest.mark.parametrize("value", ["", "-1", "NaN", "1e9", "0.001", "x"])
def test_invalid_points_are_refused(assignment: Assignment, value: str) -> None:
    marked(assignment)
    url = f"{assignment.get_absolute_url()}staff/rescore/"
    form = {"points:secret:check_secret": value, "reason": "x", "digest": "y"}
    answer = signed_in(lecturer_of(assignment)).post(url, form)
    assert answer.status_code == 422
    assert "Give a number, 0 or more." in words(answer)
