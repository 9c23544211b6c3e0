"""A token may do only what its scopes allow, and no more than its owner may."""

import pytest
from django.test import Client

from portal.api import router
from tests.api.asking import READ, ROOT, SUBMIT, bearer, codes, session_of
from tests.factories import EnrolmentFactory, MarkFactory, UserFactory

pytestmark = pytest.mark.django_db
LISTS = [prefix for prefix, _, _ in router.registry]


@pytest.mark.parametrize("path", [*LISTS, "me"])
def test_submit_scope_alone_reads_nothing(path: str) -> None:
    header = bearer(UserFactory.create(), SUBMIT)
    answer = Client().get(f"{ROOT}{path}/", headers=header)
    assert answer.status_code == 403
    assert codes(answer) == {("scope_missing", None)}


@pytest.mark.parametrize("path", [*LISTS, "me"])
def test_read_scope_reads(path: str) -> None:
    header = bearer(UserFactory.create(), READ)
    assert Client().get(f"{ROOT}{path}/", headers=header).status_code == 200


@pytest.mark.parametrize("path", [*LISTS, "me"])
def test_nobody_reads_without_signing_in(path: str) -> None:
    answer = Client().get(f"{ROOT}{path}/")
    assert answer.status_code == 401
    assert codes(answer) == {("not_authenticated", None)}


def test_token_of_a_student_reads_no_classmates_mark() -> None:
    mark = MarkFactory.create()
    classmate = EnrolmentFactory.create(course=mark.assignment.course).user
    answer = Client().get(f"{ROOT}marks/{mark.pk}/", headers=bearer(classmate))
    assert answer.status_code == 404


def test_changed_role_changes_what_the_token_reads_at_once() -> None:
    mark = MarkFactory.create()
    enrolment = EnrolmentFactory.create(course=mark.assignment.course, assistant=True)
    header, path = bearer(enrolment.user), f"{ROOT}marks/{mark.pk}/"
    assert Client().get(path, headers=header).status_code == 200
    enrolment.role = "student"
    enrolment.save()
    assert Client().get(path, headers=header).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_read_scope_writes_nothing(method: str) -> None:
    header = bearer(UserFactory.create(), READ)
    for path in LISTS:
        answer = getattr(Client(), method)(f"{ROOT}{path}/", headers=header)
        assert answer.status_code in {403, 405}


def test_session_of_a_closed_account_reads_nothing() -> None:
    user = UserFactory.create()
    client = session_of(user)
    user.is_active = False
    user.save()
    assert client.get(f"{ROOT}me/").status_code == 401
