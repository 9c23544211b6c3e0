"""Every refusal has the one shape, and none tells what is inside."""

import pytest
from django.test import Client

from courses.models import Course
from tests.api.asking import ROOT, bearer, codes, session_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("courses/nowhere/", 404, "not_found"),
        ("marks/1/", 404, "not_found"),
        ("runs/00000000-0000-4000-8000-000000000000/", 404, "not_found"),
        ("runs/?page=99", 404, "not_found"),
    ],
)
def test_not_found(path: str, status: int, code: str) -> None:
    answer = session_of(UserFactory.create()).get(ROOT + path)
    assert answer.status_code == status
    assert codes(answer) == {(code, None)}


def test_wrong_method() -> None:
    answer = session_of(UserFactory.create()).delete(f"{ROOT}courses/")
    assert answer.status_code == 405
    assert codes(answer) == {("method_not_allowed", None)}


def test_bad_token() -> None:
    answer = Client().get(f"{ROOT}me/", headers={"Authorization": "Bearer x"})
    assert codes(answer) == {("bad_token", None)}


def test_fault_of_ours_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the password of the database is hunter2")

    monkeypatch.setattr(type(Course.objects.all()), "visible_to", fail)
    client = session_of(UserFactory.create())
    client.raise_request_exception = False
    answer = client.get(f"{ROOT}courses/")
    assert answer.status_code == 500
    assert b"hunter2" not in answer.content
    assert codes(answer) == {("error", None)}


def test_answers_are_never_pages() -> None:
    header = {**bearer(UserFactory.create()), "Accept": "text/html"}
    answer = Client().get(f"{ROOT}courses/", headers=header)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
