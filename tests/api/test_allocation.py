"""Allocation by the API: what it says, does and tries, with the page's refusals."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiToken, User
from courses.models import Assignment
from grading.models import MarkerAllocation, Stage
from tests.api.asking import READ, ROOT, bearer, session_of
from tests.factories import MarkingFactory
from tests.grading.pages import signed_in, words
from tests.grading.test_allocation import KEYS, made

pytestmark = pytest.mark.django_db


def url(assignment: Assignment, *rest: str) -> str:
    return "/".join([f"{ROOT}assignments/{assignment.pk}/allocation", *rest, ""])


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


def messages_of(answer: Any) -> set[str]:
    return {each["detail"] for each in answer.json()["errors"]}


def test_progress_adds_up_and_names_markers() -> None:
    assignment, lecturer, (marker, other) = made(students=3)
    MarkerAllocation.objects.create(assignment=assignment, marker=marker, key="q1")
    run = assignment.submissions.all()[0].runs.get()
    MarkingFactory.create(run=run, marker=other)
    said = session_of(marker).get(url(assignment)).json()
    first, second = said["questions"]
    assert (first["answers"], first["marked"], first["waiting"]) == (3, 1, 2)
    assert (first["not_given"], second["not_given_waiting"]) == (0, 3)
    rows = {row["marker"]: row for row in first["markers"]}
    given = rows[marker.pk]
    assert (given["given"], given["marked"], given["waiting"]) == (3, 1, 2)
    assert (given["own"], rows[other.pk]["own"], given["stage"]) == (0, 1, "first")
    assert said["allocations"] == []
    (row,) = session_of(lecturer).get(url(assignment)).json()["allocations"]
    assert (row["marker"]["id"], row["question"], row["students"]) == (
        *(marker.pk, "q1", None),
    )


def test_a_dry_run_says_what_would_change_and_stores_nothing() -> None:
    assignment, lecturer, markers = made(students=4)
    client = session_of(lecturer)
    body = {"markers": [each.pk for each in markers], "questions": ["q1"]}
    tried = post(client, url(assignment), **body, dry_run=True).json()
    assert (tried["dry_run"], tried["left_out"]) == (True, 0)
    assert not MarkerAllocation.objects.exists()
    assert not assignment.course.changes.exists()
    done = post(client, url(assignment), **body).json()
    shares = [(row["before"], row["after"]) for row in done["changes"]]
    assert sorted(after for _, after in shares) == [2, 2]
    assert {before for before, _ in shares} == {0}
    assert [row["question"] for row in done["changes"]] == ["q1", "q1"]
    assert {**tried, "dry_run": False, "changes": []} == {**done, "changes": []}
    assert MarkerAllocation.objects.count() == 4
    assert assignment.course.changes.count() == 1


def test_students_are_named_and_questions_given_whole() -> None:
    assignment, lecturer, markers = made(students=3)
    client = session_of(lecturer)
    author = assignment.submissions.all()[0].author
    keys = [each.pk for each in markers]
    done = post(client, url(assignment), markers=keys[:1], students=[author.email])
    assert done.json()["answers"] == 2
    done = post(client, url(assignment), markers=keys, by_question=True, replaces=True)
    rows = MarkerAllocation.objects.filter(assignment=assignment)
    assert sorted(rows.values_list("key", flat=True)) == ["q1", "q2"]
    assert not rows.exclude(student=None).exists()


def test_a_second_marking_is_drawn_and_withdrawn() -> None:
    assignment, lecturer, (marker, _) = made(students=3)
    client = session_of(lecturer)
    body = {"markers": [marker.pk], "questions": ["q2"], "percent": 100}
    done = post(client, url(assignment, "second"), **body).json()
    assert done["answers"] == 3
    rows = MarkerAllocation.objects.filter(stage=Stage.SECOND, key="q2")
    assert rows.count() == 3
    back = {"marker": marker.pk, "stage": "second", "question": "q2"}
    tried = post(client, url(assignment, "withdraw"), **back, dry_run=True).json()
    (change,) = tried["changes"]
    assert (change["before"], change["after"], rows.count()) == (3, 0, 3)
    assert post(client, url(assignment, "withdraw"), **back).status_code == 200
    assert not rows.exists()
    again = post(client, url(assignment, "withdraw"), **back)
    assert (again.status_code, again.json()["changes"]) == (200, [])


@pytest.mark.parametrize(
    ("sent", "form"),
    [
        ({"markers": []}, {"markers": []}),
        ({"questions": ["none"]}, {"keys": ["none"]}),
        ({"students": ["nobody@example.org"]}, {"students": "nobody@example.org"}),
        ({"by_question": True}, {"split": "questions"}),
    ],
)
def test_refusals_are_those_of_the_page_in_its_words(
    sent: dict[str, Any], form: dict[str, Any]
) -> None:
    assignment, lecturer, markers = made(markers=3, students=1)
    keys = [each.pk for each in markers]
    answer = post(session_of(lecturer), url(assignment), **{"markers": keys, **sent})
    assert answer.status_code == 400
    usual = {"action": "allocate", "markers": keys, "keys": KEYS, "split": "students"}
    page = signed_in(lecturer).post(
        f"{assignment.get_absolute_url()}staff/marking/", {**usual, **form}
    )
    assert page.status_code == 422
    for said in messages_of(answer):
        assert said in words(page)
    assert not MarkerAllocation.objects.exists()


def test_only_those_who_edit_allocate_and_misspelt_names_are_refused() -> None:
    assignment, lecturer, markers = made(students=1)
    body = {"markers": [markers[0].pk]}

    def answer(who: User, *scopes: ApiToken.Scope, **more: Any) -> int:
        status: int = (
            Client()
            .post(
                *(url(assignment), {**body, **more}),
                content_type="application/json",
                headers=bearer(who, *scopes),
            )
            .status_code
        )
        return status

    assert answer(markers[0]) == 403
    assert answer(lecturer, READ) == 403
    assert answer(lecturer, dryrun=True) == 400
    assert not MarkerAllocation.objects.exists()
    assert answer(lecturer, ApiToken.Scope.MARK) == 200
