"""Work is visible only to its author and the staff of its course."""

import pytest

from accounts.models import User
from courses.models import Course
from formats.choices import Role
from submissions.models import Submission
from tests.factories import (
    CourseFactory,
    EnrolmentFactory,
    SubmissionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def submission() -> Submission:
    return SubmissionFactory.create()


def sees(user: User, submission: Submission) -> bool:
    rows = Submission.objects.visible_to(user)
    return rows.filter(pk=submission.pk).exists()


def test_author_sees_own_work(submission: Submission) -> None:
    assert sees(submission.author, submission)


@pytest.mark.parametrize("role", [Role.ASSISTANT, Role.LECTURER])
def test_staff_see_all_work_of_their_course(submission: Submission, role: Role) -> None:
    course = submission.assignment.course
    assert sees(EnrolmentFactory.create(course=course, role=role).user, submission)


def test_classmate_sees_nothing(submission: Submission) -> None:
    course = submission.assignment.course
    assert not sees(EnrolmentFactory.create(course=course).user, submission)


@pytest.mark.parametrize("role", Role)
def test_people_of_other_courses_see_nothing(
    submission: Submission, role: Role
) -> None:
    assert not sees(EnrolmentFactory.create(role=role).user, submission)


@pytest.mark.parametrize("role", Role)
def test_people_who_left_see_nothing(submission: Submission, role: Role) -> None:
    course = submission.assignment.course
    left = EnrolmentFactory.create(course=course, role=role, left=True).user
    assert not sees(left, submission)


def test_author_who_left_sees_own_work_no_more(submission: Submission) -> None:
    submission.author.enrolments.update(is_active=False)
    assert not sees(submission.author, submission)


def test_author_sees_nothing_while_the_course_is_hidden(submission: Submission) -> None:
    Course.objects.update(release_at=None)
    assert not sees(submission.author, submission)


def test_staff_of_a_hidden_course_see_its_work() -> None:
    course = CourseFactory.create(hidden=True)
    submission = SubmissionFactory.create(assignment__course=course)
    assistant = EnrolmentFactory.create(course=course, assistant=True).user
    assert sees(assistant, submission)


def test_site_staff_see_all_work(submission: Submission) -> None:
    assert sees(UserFactory.create(site_staff=True), submission)
