"""Lists of work have the rows that `visible_to` gives, however many courses there are."""

from typing import Any

import pytest

from accounts.models import User
from courses import work_lists
from grading.models import GradingRun, Mark
from submissions.models import Submission
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    MarkFactory,
    RegradeFactory,
    SubmissionFactory,
    TrialFactory,
    UserFactory,
    hours,
)

pytestmark = pytest.mark.django_db
TIMES: Any = {Submission: "received_at", GradingRun: "queued_at"}


@pytest.fixture(params=[0, 5], ids=["many courses", "few courses"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_lists, "FEW_COURSES", request.param)


@pytest.fixture
def author() -> User:
    return UserFactory.create()


def hand_in(author: User, **course: Any) -> Submission:
    """Return work of the author in a new course, with a run, a mark and a regrade."""
    assignment = AssignmentFactory.create(**course)
    EnrolmentFactory.create(course=assignment.course, user=author)
    submission = SubmissionFactory.create(
        assignment=assignment, author=author, received_at=hours(0)
    )
    MarkFactory.create(
        run=GradingRunFactory.create(submission=submission, finished=True)
    )
    RegradeFactory.create(assignment=assignment, of=submission)
    TrialFactory.create(revision=assignment.revision)
    return submission


def people(author: User, submissions: list[Submission]) -> list[User]:
    """Return the author, staff of one course and of all, others, and site staff."""
    one, every = UserFactory.create(), UserFactory.create()
    courses = [each.assignment.course for each in submissions]
    EnrolmentFactory.create(course=courses[0], user=one, assistant=True)
    # A lecturer who has handed in elsewhere, and once in a course of their own.
    hand_in(every)
    for course in courses:
        EnrolmentFactory.create(course=course, user=every, lecturer=True)
    SubmissionFactory.create(assignment=submissions[0].assignment, author=every)
    RegradeFactory.create(of=hand_in(every))
    return [
        *(author, one, every, UserFactory.create()),
        *(UserFactory.create(site_staff=True), submissions[0].author),
    ]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("model", [Submission, GradingRun, Mark])
def test_a_list_has_the_visible_rows(author: User, model: Any) -> None:
    work = [hand_in(author), hand_in(author), hand_in(UserFactory.create())]
    work.append(hand_in(author, course__release_at=None))
    for person in people(author, work):
        listed = list(model.objects.listed_for(person))
        assert len(listed) == len(set(listed))
        assert set(listed) == set(model.objects.visible_to(person))


@pytest.mark.usefixtures("few")
def test_staff_who_handed_in_do_not_see_the_regrade_of_their_own_work() -> None:
    person = UserFactory.create()
    submission = hand_in(person)
    submission.assignment.course.enrolments.filter(user=person).update(role="lecturer")
    listed = GradingRun.objects.listed_for(person)
    assert [run.regrade for run in listed] == [None]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("model", [Submission, GradingRun])
@pytest.mark.parametrize("who", ["student", "lecturer", "site staff"])
def test_the_latest_comes_first(model: Any, who: str) -> None:
    first = hand_in(UserFactory.create())
    for hour in (-3, -1, -2):
        later = SubmissionFactory.create(
            assignment=first.assignment,
            author=first.author,
            started_at=hours(hour),
            received_at=hours(hour),
        )
        GradingRunFactory.create(submission=later, queued_at=hours(hour))
    course = first.assignment.course
    people = {
        "student": first.author,
        "lecturer": EnrolmentFactory.create(course=course, lecturer=True).user,
        "site staff": UserFactory.create(site_staff=True),
    }
    times = [getattr(r, TIMES[model]) for r in model.objects.listed_for(people[who])]
    assert len(times) >= 4
    assert times == sorted(times, reverse=True)
