"""Extensions by the API: who sees what of them, granting, and withdrawing."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiToken, User
from courses.models import CourseChange, Extension
from tests.api.asking import READ, ROOT, SUBMIT, bearer, codes, rows, session_of
from tests.factories import ExtensionFactory
from tests.world import PRIVATE, World, make_world

pytestmark = pytest.mark.django_db
URL = f"{ROOT}extensions/"


@pytest.fixture
def world() -> World:
    return make_world()


def grant(client: Client, world: World, headers: Any = None, **changed: Any) -> Any:
    body = {
        "assignment": world.assignment.pk,
        "students": [world.people["owner"].email],
        "due_at": "2099-03-15T12:00:00Z",
        "reason": "ill",
        **changed,
    }
    return client.post(URL, body, content_type="application/json", headers=headers)


def test_students_see_their_own_and_only_editors_see_why(world: World) -> None:
    seen = {
        name: rows(world.people[name], "extensions/")
        for name in world.people
        if name != "superuser"
    }
    (own,), (edited,) = seen.pop("classmate"), seen.pop("lecturer")
    assert seen.pop("administrator") == [edited]
    assert not any(seen.values())
    assert own["due_at"] == edited["due_at"]
    assert (own["reason"], own["granted_by"]) == (None, None)
    assert edited["reason"] == PRIVATE


def test_why_somebody_has_more_time_is_in_no_answer_to_others(world: World) -> None:
    """A canary: the reasons stand in the extension, accommodation and request."""
    course, work = world.course, world.assignment
    paths = [
        *("/", "/api/v1/changes/", "/api/v1/extensions/", "/api/v1/assignments/"),
        *(f"/courses/{course.slug}/", f"/courses/{course.slug}/news/"),
        *(f"/courses/{course.slug}/manage/", f"/courses/{course.slug}/people/"),
        *(f"/courses/{course.slug}/manage/changes/", work.get_absolute_url()),
        f"{work.get_absolute_url()}staff/",
    ]
    for viewer in ("owner", "assistant", "former", "other_lecturer"):
        client = world.client(viewer)
        for path in paths:
            assert PRIVATE not in client.get(path).content.decode(), (viewer, path)


def test_an_extension_is_granted_to_several_and_withdrawn(world: World) -> None:
    client = session_of(world.people["lecturer"])
    names = [world.people[name].email for name in ("owner", "classmate")]
    answer = grant(client, world, students=names)
    assert answer.status_code == 201
    assert {row["due_at"] for row in answer.json()} == {"2099-03-15T12:00:00Z"}
    assert Extension.objects.count() == 2
    assert CourseChange.objects.filter(kind="extension").count() == 2
    for row in answer.json():
        assert client.delete(f"{URL}{row['id']}/").status_code == 204
    assert not Extension.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"students": ["nobody@example.org"]}, "students"),
        ({"students": []}, "students"),
        ({"due_at": "2000-03-15T12:00:00Z"}, "due_at"),
        ({"reason": ""}, "reason"),
    ],
)
def test_wrong_values_are_refused_by_their_field(
    world: World, wrong: dict[str, Any], place: str
) -> None:
    answer = grant(session_of(world.people["lecturer"]), world, **wrong)
    assert answer.status_code == 400
    assert {str(where).split(".")[0] for _, where in codes(answer)} == {place}
    assert Extension.objects.count() == 1


def test_a_token_needs_the_scope(world: World) -> None:
    lecturer: User = world.people["lecturer"]
    for scopes, status in (
        ((READ, SUBMIT), 403),
        ((READ, ApiToken.Scope.EXTEND), 201),
    ):
        headers = bearer(lecturer, *scopes)
        assert grant(Client(), world, headers=headers).status_code == status


def test_the_list_is_filtered_by_assignment(world: World) -> None:
    lecturer = world.people["lecturer"]
    other = ExtensionFactory.create(assignment=world.hidden_assignment)
    (row,) = rows(lecturer, "extensions/", assignment=other.assignment_id)
    assert row["id"] == other.pk
