"""Marking by the API: what a program may mark, reads and stores."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiToken, User
from courses.models import Assignment, Rubric, RubricGroup, RubricItem
from grading.models import GradingRun, MarkerAllocation, Marking, MarkingChange
from grading.services.aliases import codes_of
from tests.api.asking import READ, ROOT, bearer, codes, session_of
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    ManualQuestionFactory,
    SubmissionFactory,
)

pytestmark = pytest.mark.django_db
MARK = ApiToken.Scope.MARK


@pytest.fixture
def run() -> GradingRun:
    assignment: Assignment = AssignmentFactory.create()
    ManualQuestionFactory.create(revision=assignment.revision, points=10)
    group = RubricGroup.objects.create(rubric=Rubric.objects.get(), title="Argument")
    RubricItem.objects.create(group=group, text="Clear", points=4)
    work = SubmissionFactory.create(assignment=assignment)
    run: GradingRun = GradingRunFactory.create(submission=work, finished=True)
    return run


@pytest.fixture
def marker(run: GradingRun) -> User:
    course = run.work.assignment.course
    marker: User = EnrolmentFactory.create(course=course, role="assistant").user
    return marker


def url(run: GradingRun, *rest: str) -> str:
    parts = [str(run.work.assignment_id), *rest]
    return f"{ROOT}assignments/{'/'.join(parts)}/"


def work_url(run: GradingRun) -> str:
    author = run.work.author_id
    code = codes_of(run.work.assignment, [author])[author]
    return url(run, "marking", "words", code)


def give(client: Client, run: GradingRun, **given: Any) -> Any:
    body = {"items": [], "is_finished": True, **given}
    return client.put(
        work_url(run), {"attempt": 1, **body}, content_type="application/json"
    )


def test_program_reads_the_rubric_and_what_is_to_be_marked(
    run: GradingRun, marker: User
) -> None:
    client = session_of(marker)
    (rubric,) = client.get(url(run, "rubrics")).json()
    (group,) = rubric["groups"]
    assert (rubric["question"], rubric["points"]) == ("words", "10.00")
    assert [(each["text"], each["points"]) for each in group["items"]] == [
        ("Clear", "4.00")
    ]
    (row,) = client.get(url(run, "marking"), {"question": "words"}).json()
    assert (row["student"], row["version"]) == (run.work.author_id, 0)
    assert row["rubric"] == rubric["id"]
    unknown = client.get(url(run, "marking"), {"question": "none"})
    assert codes(unknown) == {("unknown_question", "question")}


def test_marking_is_stored_in_the_place_of_the_version_that_was_read(
    run: GradingRun, marker: User
) -> None:
    client = session_of(marker)
    item = RubricItem.objects.get().pk
    given = {
        "items": [item],
        "adjustment": "0.5",
        "comment": "Good.",
        "cell_comments": [{"cell": 1, "text": "Here."}],
    }
    first = give(client, run, version=0, **given)
    assert first.status_code == 200
    marking = first.json()["marking"]
    assert (marking["points"], marking["items"], marking["version"]) == (
        *("4.50", [item], 1),
    )
    assert marking["cell_comments"] == [{"cell": 1, "text": "Here."}]
    late = give(client, run, version=0, comment="No.")
    assert late.status_code == 409
    assert codes(late) == {("marking_changed", None)}
    again = give(client, run, version=1, reason="A slip.")
    assert again.json()["marking"]["points"] == "0.00"
    assert MarkingChange.objects.latest("pk").reason == "A slip."


def test_nothing_is_stored_for_an_attempt_that_was_not_read(
    run: GradingRun, marker: User
) -> None:
    client = session_of(marker)
    unsaid = client.put(work_url(run), {"version": 0}, content_type="application/json")
    needed = ("attempt", "is_finished", "items")
    assert codes(unsaid) == {("required", name) for name in needed}
    work = SubmissionFactory.create(
        assignment=run.work.assignment, author=run.work.author
    )
    GradingRunFactory.create(submission=work, finished=True)
    late = give(client, run, version=0)
    assert late.status_code == 409
    assert codes(late) == {("attempt_changed", None)}
    assert not Marking.objects.exists()
    assert give(client, run, attempt=2, version=0).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"items": [2**30]}, ("marking_refused", None)),
        ({"adjustment": "1e9"}, ("max_digits", "adjustment")),
        ({"version": None}, ("null", "version")),
        ({"is_finised": False}, ("unknown_field", "is_finised")),
        ({"cell_comments": [{"cell": 0, "text": "x"}]}, ("min_value", "cell")),
    ],
)
def test_fault_is_named_and_nothing_is_stored(
    run: GradingRun, marker: User, wrong: dict[str, Any], fault: tuple[str, str | None]
) -> None:
    answer = give(session_of(marker), run, **{"version": 0, **wrong})
    assert answer.status_code == 400
    ((code, place),) = codes(answer)
    assert code == fault[0]
    assert (place or "").endswith(fault[1] or "")
    assert not Marking.objects.exists()


def test_token_needs_the_scope_for_marking(run: GradingRun, marker: User) -> None:
    reader = Client(headers=bearer(marker, READ))
    assert reader.get(work_url(run)).status_code == 200
    assert give(reader, run, version=0).status_code == 403
    assert (
        give(Client(headers=bearer(marker, READ, MARK)), run, version=0).status_code
        == 200
    )


def test_student_is_a_code_while_the_marking_is_anonymous(
    run: GradingRun, marker: User
) -> None:
    assignment, author = run.work.assignment, run.work.author
    assignment.marking_is_anonymous = True
    assignment.save()
    client = session_of(marker)
    told = [client.get(url(run, "marking")), client.get(work_url(run))]
    assert told[0].json()[0]["student"] is None
    for answer in told:
        for word in (author.last_name, author.email, author.login or author.email):
            assert word not in answer.content.decode()


def test_marker_gets_only_what_is_allocated_if_the_assignment_says_so(
    run: GradingRun, marker: User
) -> None:
    assignment = run.work.assignment
    assignment.markers_see_own_only = True
    assignment.save()
    client = session_of(marker)
    assert client.get(url(run, "marking")).json() == []
    assert client.get(work_url(run)).status_code == 404
    assert give(client, run, version=0).status_code == 404
    MarkerAllocation.objects.create(
        assignment=assignment, marker=marker, key="words", student=run.work.author
    )
    assert client.get(work_url(run)).status_code == 200
