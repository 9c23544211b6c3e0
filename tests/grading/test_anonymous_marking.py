"""No page, file or answer of the API tells an assistant whose work is marked.

The student has a name, a login, an address, a file name, and a notebook with metadata
and an output path that are found nowhere else. An assistant asks every address.
"""

import json
from collections.abc import Collection, Iterator
from typing import Final

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from courses.models import CourseChange
from grading.models import MarkerAllocation, Stage
from grading.services.aliases import codes_of
from tests.factories import (
    CourseChangeFactory,
    ManualQuestionFactory,
    MarkingFactory,
    small_notebook,
    store_text,
)
from tests.matrix import ROWS
from tests.world import World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

PERSON: Final = ("canaryfirst", "canarylast", "canarylogin", "canary-address")
WORK: Final = ("canary-file", "canary-author", "canary-folder")
# The course has a list of its people, which says nothing about their work.
PEOPLE: Final = {
    "courses:people",
    "courses:roster-export",
    *("api:person-list", "api:person-detail"),
    # Without the columns of work that is marked apart.
    *("gradebook:gradebook", "gradebook:gradebook-file", "api:total-list"),
    # Of an exam, which nobody marks anonymously.
    *("grading:entered-marks", "grading:mark-history"),
}
DESCRIPTIONS: Final = {"api:schema", "api:docs"}
# What an assistant gets at the addresses of work, and at those of the overview.
APART: Final = {
    "grading:assignment-staff": "302",
    "grading:marks-file": "403",
    "grading:regrade": "403",
    "grading:run": "404",
    "grading:run-status": "404",
    "grading:run-notebook": "404",
    "grading:executed": "404",
    "submissions:submission": "404",
    "submissions:file": "404",
    "submissions:receipt-file": "404",
    "api:run-detail": "404",
    "api:run-notebook": "404",
    "api:mark-detail": "404",
    "api:submission-detail": "404",
    "api:submission-file": "404",
    "api:submission-receipt": "404",
    "api:opened-attempt-detail": "404",
    "grading:marking": "200",
    "grading:marking-agree": "200",
    "grading:marking-statistics": "403",
}


@pytest.fixture
def world() -> World:
    """Return the world with work that is marked twice, without names."""
    world = make_world()
    owner = world.people["owner"]
    owner.first_name, owner.last_name, owner.login = PERSON[:3]
    owner.email = f"{PERSON[3]}@example.org"
    owner.save()
    notebook = json.loads(small_notebook("print(1)"))
    notebook["metadata"]["authors"] = [{"name": "canary-author"}]
    notebook["cells"][0]["outputs"] = [
        {
            "output_type": "stream",
            "name": "stdout",
            "text": "/home/canary-folder/work.ipynb",
        }
    ]
    executed, _ = store_text(json.dumps(notebook))
    world.run.executed_sha256 = executed
    world.run.save()
    world.submission.files.update(original_name="canary-file.ipynb", sha256=executed)
    for assignment in (world.assignment, world.hidden_assignment):
        assignment.marking_is_anonymous = True
        assignment.save()
    ManualQuestionFactory.create(revision=world.assignment.revision)
    for stage, points in ((Stage.FIRST, 1), (Stage.SECOND, 3)):
        MarkingFactory.create(run=world.run, stage=stage, adjustment=points)
    MarkerAllocation.objects.create(
        assignment=world.assignment,
        marker=world.people["assistant"],
        student=owner,
        stage=Stage.SECOND,
    )
    CourseChangeFactory.create(
        course=world.course,
        assignment=world.assignment,
        student=owner,
        summary="Attempt 1 was handed in for canaryfirst.",
        kind=CourseChange.Kind.CONTENT,
    )
    return world


def answers(
    client: Client, world: World, names: Collection[str] | None = None
) -> Iterator[tuple[str, str, str]]:
    """Yield each address that is read, or these, its status, and all that it answers."""
    for row in ROWS:
        app = row.name.partition(":")[0]
        is_of_work = app in (
            "api",
            "courses",
            "gradebook",
            "grading",
            "submissions",
            "home",
        )
        if row.method != "get" or row.note or not is_of_work:
            continue
        if row.name not in (names or {row.name} - DESCRIPTIONS):
            continue
        path = reverse(row.name, args=row.args(world))
        with transaction.atomic():
            answer = client.get(path, row.form(world), headers=row.headers)
            body = answer.getvalue().decode(errors="replace")
            transaction.set_rollback(True)
        text = f"{dict(answer.headers)} {body}".casefold()
        yield row.name, str(answer.status_code), text


def test_assistant_finds_nothing_that_tells_whose_work_it_is(world: World) -> None:
    found: dict[str, set[str]] = {}
    seen: dict[str, str] = {}
    for name, status, text in answers(world.client("assistant"), world):
        secret = WORK if name in PEOPLE else (*PERSON, *WORK)
        if canaries := {each for each in secret if each in text}:
            found[name] = canaries
        seen[name] = status
    assert not found
    assert {name: seen.get(name) for name in APART} == APART


def test_admin_shows_an_assistant_none_of_the_work(world: World) -> None:
    assistant = world.people["assistant"]
    assistant.is_staff = True
    assistant.save()
    client = world.client("assistant")
    address = reverse("admin:submissions_submission_changelist")
    listed = client.get(address)
    assert listed.status_code == 200
    assert not any(each in listed.content.decode() for each in (*PERSON, *WORK))
    one = reverse("admin:submissions_submission_change", args=[world.submission.pk])
    assert client.get(one).status_code in {302, 403, 404}


@pytest.mark.parametrize("viewer", ["assistant", "lecturer"])
def test_marking_pages_show_the_work_and_not_whose_it_is(
    world: World, viewer: str
) -> None:
    owner = world.people["owner"].pk
    code = codes_of(world.assignment, [owner])[owner]
    client = world.client(viewer)
    for name in ("work", "notebook", "changes", "like"):
        where = [world.course.slug, world.assignment.slug, "words", code]
        answer = client.get(reverse(f"grading:marking-{name}", args=where))
        text = f"{dict(answer.headers)} {answer.content.decode()}".casefold()
        assert answer.status_code == 200, name
        assert not {each for each in (*PERSON, *WORK) if each in text}, name


def test_others_find_what_they_may_read_and_marking_pages_show_a_code(
    world: World,
) -> None:
    """Where nobody found a canary, the walk of the assistant would prove nothing."""
    names = {"grading:run", "grading:executed", "submissions:submission"}
    found: set[str] = set()
    for _, status, text in answers(world.client("lecturer"), world, names):
        assert status == "200"
        found |= {each for each in (*PERSON, *WORK) if each in text}
    assert found >= {"canaryfirst", "canary-folder", "canary-file"}
    for _, status, _ in answers(world.client("owner"), world, names):
        assert status == "200"
    owner = world.people["owner"]
    code = codes_of(world.assignment, [owner.pk])[owner.pk].casefold()
    for viewer in ("lecturer", "assistant"):
        ((_, _, text),) = answers(
            world.client(viewer), world, {"grading:marking-agree"}
        )
        assert code in text
        assert not any(each in text for each in PERSON)
