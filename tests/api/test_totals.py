"""Course totals by the API: one's own from what is released, everybody's for staff."""

import pytest

from courses.models import Assignment, Component, Question
from gradebook.api.totals import UNDECIDED
from tests.api.asking import ROOT, session_of
from tests.factories import EnrolmentFactory
from tests.gradebook.world import GradebookWorld, gradebook_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> GradebookWorld:
    return gradebook_world(letter_scale="A 70, F 0")


def path(world: GradebookWorld) -> str:
    return f"{ROOT}courses/{world.course.slug}/totals/"


def test_student_gets_the_total_from_what_is_released(world: GradebookWorld) -> None:
    student = world.student("60", "70", "90")
    world.student("10", "10", "10")
    world.release(world.exam)
    (row,) = session_of(student).get(path(world)).json()["totals"]
    assert row["student"]["id"] == student.pk
    assert (row["percent"], row["letter"], row["passes"]) == ("60.00", "F", None)
    assert (row["weight"], row["is_complete"]) == ("50.00", False)
    exam, coursework = row["components"]
    assert (exam["title"], exam["percent"]) == ("Exam", "60.00")
    assert coursework["percent"] is None
    assert [part["points"] for part in coursework["parts"]] == [None, None]
    assert [(part["slug"], part["title"]) for part in coursework["parts"]] == [
        (world.first.slug, "First task"),
        (world.second.slug, "Second task"),
    ]


def test_staff_get_everybody_with_all_marks(world: GradebookWorld) -> None:
    one, two = world.student("60", "70", "90"), world.student(None, "50", "50")
    rows = session_of(world.lecturer).get(path(world)).json()["totals"]
    assert [row["student"]["id"] for row in rows] == [one.pk, two.pk]
    assert [row["percent"] for row in rows] == ["71.00", "50.00"]
    assert [row["passes"] for row in rows] == [True, None]


def test_problems_are_said_in_place_of_totals(world: GradebookWorld) -> None:
    student = world.student("60", "70", "90")
    Component.objects.filter(pk=world.exam_part.pk).update(weight_percent=10)
    answer = session_of(world.lecturer).get(path(world)).json()
    assert answer["totals"] == []
    assert answer["problems"] == ["The weights add up to 60 %, not to 100 %."]
    # The weights of coursework that students do not see are in the sum.
    own = session_of(student).get(path(world)).json()
    assert own == {"problems": [UNDECIDED], "totals": []}


def test_extra_credit_of_any_size_is_no_fault(world: GradebookWorld) -> None:
    world.student("60", "70", "90")
    Component.objects.filter(pk=world.coursework_part.pk).update(split="points")
    Question.objects.filter(revision=world.first.revision).update(points="0.01")
    Assignment.objects.filter(pk=world.second.pk).update(is_extra_credit=True)
    (row,) = session_of(world.lecturer).get(path(world)).json()["totals"]
    assert row["percent"] == "100.00"
    assert row["components"][1]["percent"] == "1600000.00"


def test_assistant_gets_no_total_while_some_work_is_anonymous(
    world: GradebookWorld,
) -> None:
    world.student("60", "70", "90")
    Assignment.objects.filter(pk=world.first.pk).update(marking_is_anonymous=True)
    assistant = EnrolmentFactory.create(course=world.course, assistant=True).user
    answer = session_of(assistant).get(path(world)).json()
    assert answer["totals"] == []
    assert "marked anonymously" in answer["problems"][0]
