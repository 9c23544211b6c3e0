"""Publishing needs good trials or a reason, and records who did it and why."""

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import User
from courses.models import AssignmentRevision
from grading.models import Publication
from grading.services import TrialsNotGoodError, publish_revision
from tests.factories import EnrolmentFactory, RevisionFactory
from tests.grading.pages import signed_in, words
from tests.grading.trials import solve

pytestmark = pytest.mark.django_db


@pytest.fixture
def revision() -> AssignmentRevision:
    return RevisionFactory.create()


def lecturer_of(revision: AssignmentRevision) -> User:
    lecturer: User = EnrolmentFactory.create(
        course=revision.assignment.course, lecturer=True
    ).user
    return lecturer


def address(revision: AssignmentRevision, what: str = "") -> str:
    page = revision.assignment.get_absolute_url()
    return f"{page}staff/revisions/{revision.number}/{what}"


def test_good_trials_publish_without_a_reason(revision: AssignmentRevision) -> None:
    lecturer = lecturer_of(revision)
    solve(revision)
    publish_revision(actor=lecturer, revision=revision)
    revision.assignment.refresh_from_db()
    assert revision.assignment.revision == revision
    row = Publication.objects.get()
    assert (row.actor, row.is_override) == (lecturer, False)
    assert row.trials["solution"]["standing"] == "good"


@pytest.mark.parametrize("reason", ["", "  "])
def test_publishing_without_trials_needs_a_reason(
    revision: AssignmentRevision, reason: str
) -> None:
    with pytest.raises(TrialsNotGoodError):
        publish_revision(actor=lecturer_of(revision), revision=revision, reason=reason)
    revision.assignment.refresh_from_db()
    assert revision.assignment.revision is None


def test_reason_is_stored_with_the_results_of_the_trials(
    revision: AssignmentRevision,
) -> None:
    solve(revision, handout="1")
    publish_revision(
        actor=lecturer_of(revision), revision=revision, reason="The exam is today."
    )
    row = Publication.objects.get()
    assert (row.is_override, row.reason) == (True, "The exam is today.")
    assert row.trials["handout"]["earned"] == "1.00"


def test_publishing_again_adds_no_second_row(revision: AssignmentRevision) -> None:
    lecturer = lecturer_of(revision)
    publish_revision(actor=lecturer, revision=revision, reason="x")
    assert publish_revision(actor=lecturer, revision=revision) is None
    assert Publication.objects.count() == 1


def test_assistants_publish_nothing(revision: AssignmentRevision) -> None:
    assistant = EnrolmentFactory.create(
        course=revision.assignment.course, assistant=True
    ).user
    with pytest.raises(PermissionDenied):
        publish_revision(actor=assistant, revision=revision, reason="x")


def test_staff_page_says_who_published_and_why(
    revision: AssignmentRevision,
) -> None:
    lecturer = lecturer_of(revision)
    client = signed_in(lecturer)
    client.post(address(revision, "publish/"), {"reason": "The exam is today."})
    page = words(client.get(f"{revision.assignment.get_absolute_url()}staff/"))
    assert "before its trial runs were as expected" in page
    assert f"{lecturer.name} The exam is today." in page


def test_page_without_a_reason_publishes_nothing(revision: AssignmentRevision) -> None:
    client = signed_in(lecturer_of(revision))
    answer = client.post(address(revision, "publish/"), {"reason": ""}, follow=True)
    assert "Nothing was published" in words(answer)
    assert not Publication.objects.exists()


def test_button_puts_the_trials_in_the_queue(revision: AssignmentRevision) -> None:
    client = signed_in(lecturer_of(revision))
    answer = client.post(address(revision, "try/"), follow=True)
    assert words(answer).count("In the queue") == 2
    assert 'data-poll="2"' in answer.content.decode()


def test_fragment_stops_asking_once_both_have_ended(
    revision: AssignmentRevision,
) -> None:
    solve(revision)
    client = signed_in(lecturer_of(revision))
    answer = client.get(address(revision), headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert "<html" not in html
    assert "hx-trigger" not in html
    assert words(answer).count("As expected") == 2
