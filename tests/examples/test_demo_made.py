"""What `manage.py demo` has made: made once for all tests here, each rolled back."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

from accounts.models import User
from courses.models import Assignment, Course, Material
from grading.models import GradingRun
from portal.demo.people import MAIN
from tests.examples.test_demo import demo

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture(scope="module")
def said(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Make the demo, and give what the command said."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield demo()
        transaction.set_rollback(True)


def everything() -> dict[str, list[Any]]:
    """Return every row that the demo made, with all its columns."""
    models = (Course, Assignment, Material, User, GradingRun)
    return {m.__name__: list(m.objects.order_by("pk").values()) for m in models}


@pytest.mark.usefixtures("said")
def test_running_demo_again_changes_nothing() -> None:
    before = everything()
    again = demo()
    assert everything() == before
    assert "unchanged" in again


@pytest.mark.usefixtures("said")
def test_rows_that_somebody_changed_are_kept() -> None:
    Course.objects.update(title="Shallow Learning")
    Material.objects.all().delete()
    User.objects.get(email="admin@demo.example").delete()
    demo()
    assert set(Course.objects.values_list("title", flat=True)) == {"Shallow Learning"}
    assert not Material.objects.exists()
    assert not User.objects.filter(email="admin@demo.example").exists()


def test_password_is_printed_and_signs_in(said: str) -> None:
    for person in MAIN:
        assert person.email in said
    assert "softmark-demo" in said
    assert Client().login(username="student@demo.example", password="softmark-demo")


@pytest.mark.usefixtures("said")
def test_changed_password_is_not_printed() -> None:
    user = User.objects.get(email="admin@demo.example")
    user.set_password("something else")
    user.save()
    (line,) = [line for line in demo().splitlines() if "admin@" in line]
    assert "softmark-demo" not in line


@pytest.mark.usefixtures("said")
def test_every_file_has_the_type_of_its_name() -> None:
    files = [material.file for material in Material.objects.exclude(file="")]
    assert files
    for file in files:
        with file.open() as content:
            start = content.read(5)
        assert start == (b"%PDF-" if str(file.name).endswith(".pdf") else b'{\n "c')
