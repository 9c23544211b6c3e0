"""Rows of materials are cached between pages, and are never out of date."""

import re

import pytest
from django.test import Client

from accounts.models import User
from courses.models import Course, Material
from courses.services.reading_progress import set_tick
from tests.factories import (
    AttachmentFactory,
    CourseFactory,
    EnrolmentFactory,
    MaterialFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def material() -> Material:
    found: Material = MaterialFactory.create(
        key="n01", kind="notes", code="N01", title="Loss", url="https://example.org/a"
    )
    return found


@pytest.fixture
def student(material: Material) -> User:
    return member(material.course)


def member(course: Course, **traits: bool) -> User:
    found: User = EnrolmentFactory.create(course=course, **traits).user
    return found


def row_of(client: Client, user: User, material: Material) -> str:
    """Return the material's row on the course's page, as this person sees it."""
    client.force_login(user)
    page = client.get(material.course.get_absolute_url()).content.decode()
    found = re.search(
        rf'<li class="material" id="material-{material.key}">.*', page, re.DOTALL
    )
    return found[0].partition("</li>")[0] if found else ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Losses"),
        ("code", "N02"),
        ("kind", "paper"),
        ("description", "In *short*."),
        ("attribution", "by A. Nother"),
        ("url", "https://example.org/b"),
        ("access", "college"),
        ("examinable", "parts"),
        ("body", "A text to read here."),
        ("file", "materials/sheet.pdf"),
        ("opens_at", hours(1)),
    ],
)
def test_changed_material_has_another_row(
    client: Client, material: Material, student: User, field: str, value: object
) -> None:
    before = row_of(client, student, material)
    assert row_of(client, student, material) == before
    setattr(material, field, value)
    material.save()
    assert row_of(client, student, material) not in {before, ""}


def test_tick_of_one_person_is_not_shown_to_another(
    client: Client, material: Material, student: User
) -> None:
    other = member(material.course)
    set_tick(actor=other, material=material, is_done=True)
    assert 'aria-pressed="true"' in row_of(client, other, material)
    assert 'aria-pressed="false"' in row_of(client, student, material)


def test_added_attachment_is_in_the_row(
    client: Client, material: Material, student: User
) -> None:
    row_of(client, student, material)
    AttachmentFactory.create(material=material, label="Answers")
    assert "Answers" in row_of(client, student, material)


def test_hidden_badge_is_for_staff_and_ends_with_the_release(
    client: Client, material: Material, student: User
) -> None:
    lecturer = member(material.course, lecturer=True)
    material.release_at = None
    material.save()
    assert "Hidden" in row_of(client, lecturer, material)
    assert row_of(client, student, material) == ""
    material.release_at = hours(-1)
    material.save()
    assert "Hidden" not in row_of(client, lecturer, material)
    assert row_of(client, student, material)


def test_row_links_to_the_material_of_its_own_course(client: Client) -> None:
    for slug in ("one", "two"):
        course = CourseFactory.create(slug=slug)
        material = MaterialFactory.create(course=course, key="n01", body="Text.")
        assert f"/courses/{slug}/" in row_of(client, member(course), material)
