"""A course's stored files: who takes how much, the quota, the rule for old weights."""

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Assignment, Course, CourseChange
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    SubmissionFactory,
    SubmittedFileFactory,
    hours,
)
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    """Give coursework with two attempts of one student, 40 and 1 days old."""
    made: Assignment = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=made.course).user
    for days in (40, 1):
        at = hours(-24 * days)
        work = SubmissionFactory.create(
            assignment=made, author=student, started_at=at, received_at=at
        )
        GradingRunFactory.create(submission=work, finished=True)
        SubmittedFileFactory.create(
            submission=work, name="m.pt", kind="state_dict", text=f"weights {days}"
        )
    return made


@pytest.fixture
def client(assignment: Assignment) -> Client:
    return signed_in(
        EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    )


@pytest.fixture
def url(assignment: Assignment) -> str:
    return reverse("grading:storage", args=[assignment.course.slug])


def test_it_says_what_each_student_s_files_take(
    client: Client, url: str, assignment: Assignment
) -> None:
    SubmissionFactory.create(assignment=assignment)
    page = client.get(url).context["page"]
    sizes = [room.used for room in page.rooms]
    assert len(sizes) == 2
    assert sizes == sorted(sizes, reverse=True)
    assert page.total == sum(sizes)


def test_a_new_rule_is_stored_once_its_effect_was_seen(
    client: Client, url: str
) -> None:
    form = {"quota_mb": "500", "weights_days": "38"}
    answer = client.post(url, form)
    assert "would remove 1 file of 1 attempt" in words(answer)
    assert Course.objects.get().weights_days is None
    seen = answer.context["page"].old_weights.digest
    assert client.post(url, {**form, "seen": seen}).status_code == 302
    course = Course.objects.get()
    assert (course.quota_mb, course.weights_days) == (500, 38)
    told = CourseChange.objects.get(is_public=True)
    assert "are removed 38 days after they were handed in" in told.after
    assert "Removed on the next day" in words(client.get(url))


def test_a_rule_that_removes_nothing_is_stored_at_once(
    client: Client, url: str
) -> None:
    assert client.post(url, {"quota_mb": "", "weights_days": "99"}).status_code == 302
    assert Course.objects.get().weights_days == 99
