"""A course administrator manages marks and marks nothing; an examiner does neither."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment
from courses.services.edited_rows import save_assignment
from grading.forms.marking import AllocationForm
from grading.models import Mark, Standing
from grading.services.mark_adjustment import adjust_mark
from grading.services.mark_standing import set_standing
from grading.services.releasing import release_marks
from tests.factories import EnrolmentFactory
from tests.gradebook.world import GradebookWorld, gradebook_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> GradebookWorld:
    return gradebook_world()


@pytest.fixture
def administrator(world: GradebookWorld) -> User:
    return EnrolmentFactory.create(course=world.course, administrator=True).user


@pytest.fixture
def examiner(world: GradebookWorld) -> User:
    return EnrolmentFactory.create(course=world.course, examiner=True).user


def excuse(actor: User, world: GradebookWorld, student: User) -> None:
    set_standing(
        actor=actor,
        assignment=world.first,
        student=student,
        standing=Standing.EXCUSED,
        reason="ill",
    )


def adjust(actor: User, world: GradebookWorld, student: User) -> None:
    adjust_mark(
        actor=actor,
        assignment=world.first,
        student=student,
        by=Decimal(2),
        reason="board",
    )


def release(actor: User, world: GradebookWorld, _: User) -> None:
    release_marks(
        actor=actor, assignment=world.first, at=timezone.now(), despite_problems=True
    )


def test_administrator_excuses_adjusts_and_releases(
    world: GradebookWorld, administrator: User
) -> None:
    student = world.student("60", "70", "90")
    for act in (adjust, excuse, release):
        act(administrator, world, student)
    mark = Mark.objects.get(assignment=world.first, student=student)
    assert (mark.adjustment, mark.is_excused) == (Decimal(2), True)
    assert Assignment.objects.get(pk=world.first.pk).marks_released_at


@pytest.mark.parametrize("act", [adjust, excuse, release])
def test_examiner_decides_nothing(
    world: GradebookWorld, examiner: User, act: object
) -> None:
    student = world.student("60", "70", "90")
    assert callable(act)
    with pytest.raises(PermissionDenied):
        act(examiner, world, student)


def test_administrator_changes_no_coursework(
    world: GradebookWorld, administrator: User
) -> None:
    with pytest.raises(PermissionDenied):
        save_assignment(actor=administrator, assignment=world.first)


def test_neither_is_given_anything_to_mark(
    world: GradebookWorld, administrator: User, examiner: User
) -> None:
    form = AllocationForm(world.first, [])
    offered = str(form)
    assert world.lecturer.name in offered
    assert administrator.name not in offered
    assert examiner.name not in offered
