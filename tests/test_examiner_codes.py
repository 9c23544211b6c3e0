"""Where a course hides names from external examiners, no name reaches them.

Neither by a page nor by a file nor by the API: each address of the permission matrix is
asked.
"""

from collections.abc import Iterator
from typing import Final

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from accounts.models import User
from courses.models import Course
from grading.hidden_names import StudentWords, html_without_names
from grading.services.aliases import codes_of
from tests.factories import store_text
from tests.matrix import ROWS, Row
from tests.world import World, make_world

pytestmark = pytest.mark.one_database

NAMES: Final = ("Zebedee", "Quillfeather", "zq4711", "zebedee.q@example.org")
NOTEBOOK: Final = """{"cells": [{"cell_type": "code", "execution_count": 1, "id": "a",
 "metadata": {"author": "Zebedee"}, "source": "# by Zebedee Quillfeather",
 "outputs": [{"output_type": "stream", "name": "stdout",
 "text": "/home/zq4711/work"}]}], "metadata": {"authors": [{"name": "Zebedee"}]},
 "nbformat": 4, "nbformat_minor": 5}"""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        made = make_world()
        Course.objects.update(examiners_see_codes=True)
        first, last, login, email = NAMES
        User.objects.filter(pk=made.people["owner"].pk).update(
            first_name=first, last_name=last, login=login, email=email
        )
        made.run.executed_sha256 = store_text(NOTEBOOK)[0]
        made.run.save()
        yield made
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def examiner(world: World) -> Client:
    return world.client("examiner")


def asked(client: Client, row: Row, world: World) -> tuple[int, str]:
    """Return the status of the answer, and all that it says."""
    with transaction.atomic():
        answer = getattr(client, row.method)(
            reverse(row.name, args=row.args(world)),
            row.form(world),
            headers=row.headers,
            **row.more,
        )
        body = b"".join(
            answer.streaming_content if answer.streaming else [answer.content]
        )
        transaction.set_rollback(True)
    return answer.status_code, f"{answer.headers}{body.decode(errors='replace')}"


def told(text: str) -> list[str]:
    """Return which of the student's names the text says."""
    return [name for name in NAMES if name.casefold() in text.casefold()]


@pytest.mark.django_db
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_no_address_tells_a_name(row: Row, world: World, examiner: Client) -> None:
    _, text = asked(examiner, row, world)
    assert told(text) == []


@pytest.mark.django_db
def test_work_and_marks_are_shown_by_code(world: World, examiner: Client) -> None:
    owner = world.people["owner"]
    (code,) = codes_of(world.assignment, [owner.pk]).values()
    args = [world.course.slug, world.assignment.slug, code]
    for name in ("feedback-of", "feedback-notebook"):
        answer = examiner.get(reverse(f"grading:{name}", args=args))
        assert answer.status_code == 200
        assert told(answer.content.decode()) == []
    assert "[name]" in answer.content.decode()


@pytest.mark.django_db
def test_gradebook_has_codes_and_leads_to_the_work(
    world: World, examiner: Client
) -> None:
    page = reverse("gradebook:gradebook", args=[world.course.slug])
    answer = examiner.get(page)
    rows = list(answer.context["page"].rows)
    assert rows
    assert [row.code for row in rows] == sorted(row.code for row in rows)
    file = examiner.get(reverse("gradebook:gradebook-file", args=[world.course.slug]))
    assert file.content.decode().startswith("code,module_code")


@pytest.mark.django_db
@pytest.mark.parametrize("query", [{"q": "Quillfeather"}, {"q": "zq4711"}])
def test_search_for_a_name_finds_nobody(
    query: dict[str, str], world: World, examiner: Client
) -> None:
    page = reverse("gradebook:gradebook", args=[world.course.slug])
    assert not list(examiner.get(page, query).context["page"].rows)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["courses:people", "courses:manage", "courses:changes", "grading:use"]
)
def test_pages_with_names_are_closed(name: str, world: World, examiner: Client) -> None:
    answer = examiner.get(reverse(name, args=[world.course.slug]))
    assert answer.status_code == 403


@pytest.mark.django_db
def test_examiner_who_sees_names_sees_work_and_marks(world: World) -> None:
    with transaction.atomic():
        Course.objects.update(examiners_see_codes=False)
        client = world.client("examiner")
        run = client.get(reverse("grading:run", args=[world.run.pk]))
        assert "Quillfeather" in run.content.decode()
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>By Anna Berg.</p>", "<p>By [name].</p>"),
        ("<p>O&#x27;Neil &amp; Berg</p>", "<p>O&#x27;Neil &amp; [name]</p>"),
        ('<a href="/files/anna.berg.py">x</a>', '<a href="/files/[name].py">x</a>'),
        ('<p class="berg">1 &lt; 2</p>', '<p class="berg">1 &lt; 2</p>'),
    ],
)
def test_texts_of_html_lose_names(html: str, expected: str) -> None:
    words = StudentWords(first_name="Anna", last_name="Berg", email="anna.berg@x.org")
    assert html_without_names(html, words) == expected
