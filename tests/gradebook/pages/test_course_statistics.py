"""The statistics of a course: assessments, and coursework against exam."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment, Course
from grading.models import Mark, Standing
from tests.factories import EnrolmentFactory
from tests.gradebook.world import GradebookWorld, gradebook_world
from tests.grading.pages import Answer, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> GradebookWorld:
    return gradebook_world()


def ask(user: User, world: GradebookWorld) -> Answer:
    page = reverse("gradebook:course-statistics", args=[world.course.slug])
    return signed_in(user).get(page)


def test_each_assessment_has_its_marks(world: GradebookWorld) -> None:
    for exam in ("20", "40", "60", "80", "95"):
        world.student(exam, "50", "50")
    answer = ask(world.lecturer, world)
    (exam_row, *_) = answer.context["page"].rows
    assert exam_row.numbers.median == 60
    assert [each.count for each in exam_row.bins] == [0, 0, 1, 0, 1, 0, 1, 0, 1, 1]
    assert "median 60.0 %, the middle half from 40.0 to 80.0 %" in words(answer)


def test_excused_students_are_in_no_number(world: GradebookWorld) -> None:
    world.student("20", "50", "50")
    student = world.student("60", "50", "50")
    Mark.objects.filter(assignment=world.exam, student=student).update(
        standing=Standing.EXCUSED
    )
    (exam_row, *_) = ask(world.lecturer, world).context["page"].rows
    assert exam_row.numbers.count == 1


def test_exam_is_compared_with_coursework(world: GradebookWorld) -> None:
    for share in ("10", "30", "50", "70", "90"):
        world.student(share, share, share)
    world.student("50", None, None)
    page = ask(world.lecturer, world).context["page"]
    assert page.exam.correlation == pytest.approx(1)
    assert len(page.exam.pairs) == 5
    assert sum(sum(counts) for _, counts in page.exam.table) == 5


def test_hidden_assessments_are_left_out(world: GradebookWorld) -> None:
    world.student("60", "70", "90")
    Assignment.objects.filter(pk=world.first.pk).update(marking_is_anonymous=True)
    assistant = EnrolmentFactory.create(course=world.course, assistant=True).user
    text = words(ask(assistant, world))
    assert "First task" not in text
    assert "Second task" in text
    assert "Some assessments are left out" in text
    assert "First task" in words(ask(world.lecturer, world))


def test_examiner_without_names_reads_them(world: GradebookWorld) -> None:
    student = world.student("60", "70", "90")
    Course.objects.update(examiners_see_codes=True)
    examiner = EnrolmentFactory.create(course=world.course, examiner=True).user
    answer = ask(examiner, world)
    assert answer.status_code == 200
    assert student.last_name not in words(answer)


def test_number_of_queries_does_not_grow(
    world: GradebookWorld,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    for _ in range(3):
        world.student("60", "70", "90")
    client = signed_in(world.lecturer)
    page = reverse("gradebook:course-statistics", args=[world.course.slug])
    client.get(page)
    with assert_max_queries(18):
        client.get(page)
