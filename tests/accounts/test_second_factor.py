"""Staff reach only the set-up page of their second factor until they have one."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import ApiToken, User
from courses.models import Course
from tests.api.asking import ROOT, bearer, codes, session_of
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
INDEX, PROVE = "/accounts/2fa/", "/accounts/2fa/reauthenticate/"
PASSWORD = "a-new-long-phrase"


@pytest.fixture(autouse=True)
def _required(settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = True


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


def person(kind: str, course: Course) -> User:
    """Return a person with these rights and without a second factor."""
    if kind == "superuser":
        return UserFactory.create(site_staff=True)
    if kind == "staff":
        return UserFactory.create(is_staff=True)
    found: User = EnrolmentFactory.create(course=course, **{kind: True}).user
    return found


@pytest.fixture(autouse=True)
def _time_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no code expire between its display and its check."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


def code() -> str:
    """Return the code that the authenticator app shows now."""
    return str(format_hotp_value(hotp_value(SECRET, next(iter(counters())))))


def set_up(user: User) -> None:
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)


def sign_in(user: User, *, with_code: bool) -> Client:
    """Return a session that began with the password and, if asked for, the code."""
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    form = {"login": user.email, "password": PASSWORD}
    client.post(reverse("account_login"), form)
    if with_code:
        client.post(reverse("mfa_authenticate"), {"code": code()})
    return client


@pytest.mark.parametrize("kind", ["superuser", "staff", "lecturer", "assistant"])
@pytest.mark.parametrize("path", ["/", "/account/tokens/", "/admin/", "{course}"])
def test_page_redirects_staff_to_the_set_up(
    kind: str, path: str, course: Course
) -> None:
    client = session_of(person(kind, course))
    answer = client.get(path.format(course=course.get_absolute_url()))
    assert (answer.status_code, answer.headers.get("Location")) == (302, INDEX)


@pytest.mark.parametrize(
    "traits", [{}, {"assistant": True, "left": True}], ids=["student", "former staff"]
)
def test_other_people_need_no_second_factor(
    traits: dict[str, bool], course: Course
) -> None:
    user = EnrolmentFactory.create(course=course, **traits).user
    assert session_of(user).get("/").status_code == 200
    assert Client().get(f"{ROOT}me/", headers=bearer(user)).status_code == 200


def test_form_changes_nothing_and_says_so(course: Course) -> None:
    client = session_of(person("superuser", course))
    answer = client.post("/account/tokens/new/", {"name": "x"})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode()


def test_fragment_redirects_the_whole_page(course: Course) -> None:
    client = session_of(person("lecturer", course))
    answer = client.get("/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == INDEX


def test_session_is_refused_by_the_api_in_words(course: Course) -> None:
    answer = session_of(person("lecturer", course)).get(f"{ROOT}courses/")
    assert answer.status_code == 403
    assert codes(answer) == {("second_factor_missing", None)}


@pytest.mark.parametrize("kind", ["superuser", "staff", "lecturer", "assistant"])
def test_token_is_refused_until_its_owner_has_one(kind: str, course: Course) -> None:
    user = person(kind, course)
    header = bearer(user)
    answer = Client().get(f"{ROOT}me/", headers=header)
    assert answer.status_code == 403
    assert codes(answer) == {("second_factor_missing", None)}
    assert "Two-step sign-in" in answer.json()["errors"][0]["detail"]
    set_up(user)
    assert Client().get(f"{ROOT}me/", headers=header).status_code == 200


def test_refused_token_is_not_noted_as_used(course: Course) -> None:
    Client().get(f"{ROOT}me/", headers=bearer(person("superuser", course)))
    assert ApiToken.objects.get().last_used_at is None


def test_changed_role_takes_effect_at_once(course: Course) -> None:
    enrolment = EnrolmentFactory.create(course=course)
    client = session_of(enrolment.user)
    assert client.get("/").status_code == 200
    enrolment.role = "lecturer"
    enrolment.save()
    assert client.get("/").status_code == 302


def test_a_setting_asks_course_staff_for_a_second_factor(
    settings: Settings, course: Course
) -> None:
    settings.COURSE_STAFF_SECOND_FACTOR = False
    for kind in ("lecturer", "assistant"):
        assert session_of(person(kind, course)).get("/").status_code == 200
    assert session_of(person("staff", course)).get("/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_set_up_opens_the_portal_in_this_session(course: Course) -> None:
    client = sign_in(person("superuser", course), with_code=False)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200
    session = client.session
    session["mfa.totp.secret"] = SECRET
    session.save()
    answer = client.post(reverse("mfa_activate_totp"), {"code": code()}, follow=True)
    assert Authenticator.objects.exists(), answer.content.decode()
    assert client.get("/admin/").status_code == 200


def test_signing_in_with_the_code_opens_the_portal(course: Course) -> None:
    user = person("superuser", course)
    set_up(user)
    assert sign_in(user, with_code=True).get("/admin/").status_code == 200


def test_session_from_before_the_set_up_must_give_the_code(course: Course) -> None:
    user = person("superuser", course)
    client = sign_in(user, with_code=False)
    set_up(user)
    answer = client.get("/admin/")
    assert answer.headers["Location"] == f"{PROVE}?next=%2Fadmin%2F"
    for name in ("mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_index"):
        where = client.get(reverse(name)).headers["Location"]
        assert where.startswith(PROVE)
    client.post(PROVE, {"code": code()})
    assert client.get("/admin/").status_code == 200


def test_factor_that_site_staff_delete_is_asked_for_again(course: Course) -> None:
    user = person("superuser", course)
    set_up(user)
    client = sign_in(user, with_code=True)
    Authenticator.objects.all().delete()
    assert client.get("/admin/").headers["Location"] == INDEX


def test_signing_out_stays_possible(course: Course) -> None:
    client = session_of(person("superuser", course))
    assert client.get(INDEX).status_code == 200
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session


def test_a_warning_says_so_if_no_second_factor_is_asked_for(
    settings: Settings, course: Course
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    page = session_of(person("superuser", course)).get(INDEX)
    assert "STAFF_SECOND_FACTOR=1" in page.content.decode()
