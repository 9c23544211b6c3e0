"""The board by the API: read by who oversees the course, by nobody else."""

from decimal import Decimal

import pytest

from accounts.models import User
from courses.models import Course
from grading.services.board import WantedMark, confirm_proposal, propose_mark
from tests.api.asking import ROOT, session_of
from tests.factories import EnrolmentFactory
from tests.gradebook.world import GradebookWorld, gradebook_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> GradebookWorld:
    return gradebook_world()


def path(world: GradebookWorld) -> str:
    return f"{ROOT}courses/{world.course.slug}/board/"


def frozen(world: GradebookWorld) -> User:
    """Freeze the marks, confirm one change, and return its student."""
    student = world.student("60")
    second = world.second_lecturer()
    freeze = world.freeze(second)
    proposal = propose_mark(
        actor=world.lecturer,
        freeze=freeze,
        wanted=WantedMark(
            assignment=world.exam, student=student.pk, points=Decimal(65)
        ),
        reason="Agreed.",
    )
    confirm_proposal(actor=second, proposal=proposal)
    return student


def test_nothing_is_frozen_at_first(world: GradebookWorld) -> None:
    told = session_of(world.lecturer).get(path(world)).json()
    assert told == {"freeze": None, "proposals": []}


def test_the_freeze_and_its_proposals_are_read(world: GradebookWorld) -> None:
    student = frozen(world)
    told = session_of(world.lecturer).get(path(world)).json()
    assert told["freeze"]["board"] == "Board of 12 June"
    assert len(told["freeze"]["members"]) == 2
    (row,) = told["proposals"]
    assert (row["student"], row["assignment"]) == (student.name, world.exam.pk)
    assert (row["change"], row["state"]) == ("60 points → 65 points", "confirmed")


def test_examiners_read_codes_where_the_course_hides_names(
    world: GradebookWorld,
) -> None:
    student = frozen(world)
    Course.objects.filter(pk=world.course.pk).update(examiners_see_codes=True)
    examiner = EnrolmentFactory.create(course=world.course, role="examiner").user
    answer = session_of(examiner).get(path(world))
    assert answer.status_code == 200
    assert student.name not in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "status"), [("student", 403), ("assistant", 403), ("admin", 200)]
)
def test_who_reads_it(world: GradebookWorld, role: str, status: int) -> None:
    frozen(world)
    user = EnrolmentFactory.create(course=world.course, role=role).user
    assert session_of(user).get(path(world)).status_code == status


def test_strangers_find_no_course(world: GradebookWorld) -> None:
    stranger = EnrolmentFactory.create().user
    assert session_of(stranger).get(path(world)).status_code == 404
