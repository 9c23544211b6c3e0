"""Lists, filters, orders and pages show nobody else's rows."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from grading.models import QuestionResult
from portal.api import router
from tests.api.asking import ROOT, codes, rows, session_of
from tests.factories import UserFactory
from tests.world import World, make_world

pytestmark = pytest.mark.django_db
WORK_LISTS = ("submissions/", "opened-attempts/", "runs/", "marks/", "use/")
# A self-check is for its author alone, not for staff.
# A request is seen from the release on, and then by who may answer it.
PERSONAL_LISTS = (*WORK_LISTS, "self-checks/", "regrade-requests/")
COURSE_LISTS = (
    "courses/",
    "weeks/",
    "sessions/",
    "lectures/",
    "materials/",
    "announcements/",
    "changes/",
    "people/",
    "assignments/",
)
# Assistants do not see why somebody has more time: tests/api/test_extensions.py.
EDITED_LISTS = ("extensions/", "accommodations/", "extension-requests/")
STRANGERS = ("outsider", "former", "other_lecturer")


ALL_LISTS = (*PERSONAL_LISTS, *COURSE_LISTS, *EDITED_LISTS)


@pytest.fixture
def world() -> World:
    return make_world()


def everything_about(world: World) -> list[dict[str, Any]]:
    """Return every filter that names the owner's work."""
    owner = world.people["owner"].pk
    return [
        {"author": owner},
        {"student": owner},
        {"assignment": world.assignment.pk},
        {"course": world.course.slug},
        {"submission": world.submission.pk},
        {"is_late": "false"},
        {"state": "finished"},
    ]


def test_each_list_of_the_api_is_tested_here() -> None:
    known = {path.rstrip("/") for path in ALL_LISTS}
    assert known >= {prefix for prefix, _, _ in router.registry}


@pytest.mark.parametrize("path", COURSE_LISTS)
def test_staff_find_rows_in_each_list_of_a_course(world: World, path: str) -> None:
    """Without a row nothing could be shown to the wrong person."""
    assert rows(world.people["lecturer"], path)


def test_each_list_of_the_api_is_in_its_documentation() -> None:
    page = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()
    for prefix, _, _ in router.registry:
        assert f"`{prefix}/" in page or f"/{prefix}/" in page, prefix


@pytest.mark.parametrize("path", PERSONAL_LISTS)
@pytest.mark.parametrize("viewer", ["classmate", *STRANGERS])
def test_no_filter_shows_somebody_elses_work(
    world: World, viewer: str, path: str
) -> None:
    client = session_of(world.people[viewer])
    for query in everything_about(world):
        answer = client.get(ROOT + path, query)
        is_filter = answer.status_code == 200
        assert not is_filter or answer.json()["results"] == []
        assert is_filter or {name for _, name in codes(answer)} == set(query)


@pytest.mark.parametrize("path", WORK_LISTS)
def test_staff_and_owner_find_the_work(world: World, path: str) -> None:
    for viewer in ("owner", "assistant", "lecturer", "superuser"):
        assert rows(world.people[viewer], path), viewer


def test_staff_find_no_self_check(world: World) -> None:
    assert rows(world.people["owner"], "self-checks/")
    for viewer in ("assistant", "lecturer", "superuser"):
        assert not rows(world.people[viewer], "self-checks/")


@pytest.mark.parametrize("path", PERSONAL_LISTS)
def test_filter_by_a_person_does_not_tell_whether_they_exist(
    world: World, path: str
) -> None:
    client = session_of(world.people["classmate"])
    owner = world.people["owner"].pk
    for name in ("author", "student"):
        there = client.get(ROOT + path, {name: owner})
        missing = client.get(ROOT + path, {name: 10**9})
        assert there.content == missing.content


@pytest.mark.parametrize("path", PERSONAL_LISTS)
@pytest.mark.parametrize(
    "query",
    [
        {"ordering": "author__password"},
        {"ordering": "-automatic_points"},
        {"search": "@example.org"},
        {"author__email__startswith": "person"},
        {"fields": "worker,lease_token"},
        {"expand": "author,revision"},
    ],
)
def test_unknown_parameters_are_refused_by_name(
    world: World, path: str, query: dict[str, str]
) -> None:
    answer = session_of(world.people["owner"]).get(ROOT + path, query)
    assert answer.status_code == 400
    assert codes(answer) == {("unknown_parameter", *query)}


@pytest.mark.parametrize("viewer", STRANGERS)
@pytest.mark.parametrize("path", COURSE_LISTS)
def test_content_is_for_the_course_only(world: World, viewer: str, path: str) -> None:
    assert world.course.slug not in str(rows(world.people[viewer], path))


def test_count_and_pages_cover_visible_rows_only(world: World) -> None:
    client = session_of(world.people["classmate"])
    for path in PERSONAL_LISTS:
        body = client.get(ROOT + path).json()
        assert body["count"] == 0
        assert body["next"] is None
        assert client.get(ROOT + path, {"page": 2}).status_code == 404


def test_what_a_check_has_found_is_in_no_list_of_others(world: World) -> None:
    report = {"message": "canary", "expected": "canary", "found": "canary"}
    for result in QuestionResult.objects.all():
        result.checks = [{**check, "report": report} for check in result.checks]
        result.save()
    run = session_of(world.people["owner"]).get(f"{ROOT}runs/{world.run.pk}/")
    assert "canary" in run.content.decode()
    for viewer in ("classmate", *STRANGERS):
        client = session_of(world.people[viewer])
        paths = [*ALL_LISTS, f"runs/{world.run.pk}/"]
        assert not any("canary" in client.get(ROOT + p).content.decode() for p in paths)


def test_lecturer_of_another_course_sees_only_their_own(world: World) -> None:
    other = world.people["other_lecturer"]
    seen = {course["slug"] for course in rows(other, "courses/")}
    assert seen == {world.other_course.slug, world.hidden_course.slug}
    assert rows(other, "marks/") == []


@pytest.mark.parametrize("page_size", ["1000000", "0", "-1", "x"])
def test_page_size_is_bounded(world: World, page_size: str) -> None:
    client = session_of(world.people["owner"])
    answer = client.get(f"{ROOT}runs/", {"page_size": page_size})
    assert answer.status_code == 400
    assert "1 to 200" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    "text",
    [chr(0), "' OR 1=1 --", "%", chr(0x1F600), "9" * 400, "1e999", "NaN", "-0"],
)
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("runs/", "author"),
        ("runs/", "submission"),
        ("marks/", "assignment"),
        ("weeks/", "course"),
        ("weeks/", "number"),
        ("materials/", "code"),
        ("sessions/", "after"),
        ("sessions/", "week"),
        ("changes/", "after"),
        ("people/", "is_active"),
        ("submissions/", "page"),
    ],
)
def test_hostile_filter_is_no_server_error(path: str, name: str, text: str) -> None:
    client = session_of(UserFactory.create(site_staff=True))
    answer = client.get(ROOT + path, {name: text})
    assert answer.status_code in {200, 400, 404}
