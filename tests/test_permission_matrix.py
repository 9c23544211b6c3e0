"""Who gets what from every address of the portal.

A new address without a row fails `test_every_address_has_a_row`. Each row says what
each viewer of tests.world gets: a status, or `login` for a redirect to the sign-in
page. What one may not see is 404; what one sees but may not do is 403.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import DjangoDbBlocker

from accounts.models import User
from courses.models import Assignment
from tests.factories import small_notebook
from tests.world import VIEWERS, World, make_world

Form = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One address, how it is asked, and what each of VIEWERS gets."""

    name: str
    expected: str
    args: Callable[[World], list[Any]] = field(default=lambda world: [])
    method: str = "get"
    form: Callable[[World], Form] = field(default=lambda world: {})
    note: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, [self.name, self.method, self.note]))


# --- What the nine viewers get -----------------------------------------------
#            anonymous outsider owner classmate former assistant lecturer other super
OPEN: Final = "200      200     200     200     200     200     200     200     200"
SIGNED_IN: Final = "login 200   200     200     200     200     200     200     200"
COURSE: Final = "login  404     200     200     404     200     200     404     200"
STAFF: Final = "login   404     403     403     404     200     200     404     200"
UNRELEASED: Final = "login 404  404     404     404     200     200     404     200"
OWN_WORK: Final = "login 404    200     404     404     200     200     404     200"
NOBODY: Final = "login  404     404     404     404     404     404     404     404"
POST_ONLY: Final = "login 405   405     405     405     405     405     405     405"


def api(expected: str) -> str:
    """The same for a program: told to sign in, instead of sent to a page."""
    return expected.replace("login", "401")


def notebook_form(world: World) -> Form:
    notebook = SimpleUploadedFile("mine.ipynb", small_notebook().encode())
    return {"declaration": "true", "file:work.ipynb": notebook}


def api_form(assignment: Assignment) -> Form:
    notebook = SimpleUploadedFile("mine.ipynb", small_notebook().encode())
    return {"assignment": assignment.pk, "declaration": "true", "work.ipynb": notebook}


def of_course(world: World) -> list[Any]:
    return [world.course.slug]


def of_assignment(world: World) -> list[Any]:
    return [world.course.slug, world.assignment.slug]


def of_hidden_assignment(world: World) -> list[Any]:
    return [world.course.slug, world.hidden_assignment.slug]


def under_another_course(world: World) -> list[Any]:
    return [world.other_course.slug, world.assignment.slug]


def of_run(world: World) -> list[Any]:
    return [world.run.pk]


def of_queued_run(world: World) -> list[Any]:
    return [world.queued_run.pk]


def of_submission(world: World) -> list[Any]:
    return [world.submission.pk]


PAGES: Final = [
    Row(name="home", expected=SIGNED_IN),
    Row(name="health", expected=OPEN),
    Row(name="accounts:profile", expected=SIGNED_IN),
    Row(name="accounts:tokens", expected=SIGNED_IN),
    # Everybody makes tokens of their own, after giving the password again.
    Row(
        name="accounts:token-create",
        method="post",
        form=lambda world: {"name": "x", "scopes": ["read"], "lifetime": "30"},
        expected="login 302 302 302 302 302 302 302 302",
    ),
    Row(
        name="accounts:token-revoke",
        method="post",
        args=lambda world: [world.token.pk],
        expected="login 404 302 404 404 404 404 404 404",
    ),
    Row(
        name="accounts:token-revoke",
        args=lambda world: [world.token.pk],
        expected=POST_ONLY,
    ),
    Row(name="courses:course", args=of_course, expected=COURSE),
    Row(
        name="courses:course",
        note="hidden",
        args=lambda world: [world.hidden_course.slug],
        expected="login 404 404 404 404 404 404 200 200",
    ),
    Row(
        name="courses:material-file",
        args=lambda world: [world.course.slug, world.material.pk],
        expected=COURSE,
    ),
    Row(
        name="courses:material-file",
        note="hidden",
        args=lambda world: [world.course.slug, world.hidden_material.pk],
        expected=UNRELEASED,
    ),
    Row(
        name="courses:material-file",
        note="under another course",
        args=lambda world: [world.other_course.slug, world.material.pk],
        expected=NOBODY,
    ),
    Row(
        name="courses:handout",
        args=lambda world: [*of_assignment(world), "handout.ipynb"],
        expected=COURSE,
    ),
    Row(
        name="courses:handout",
        note="of tests",
        args=lambda world: [*of_assignment(world), "answer.py"],
        expected=NOBODY,
    ),
    Row(name="grading:marks", args=of_course, expected=COURSE),
    Row(name="grading:assignment", args=of_assignment, expected=COURSE),
    Row(
        name="grading:assignment",
        note="hidden",
        args=of_hidden_assignment,
        expected=UNRELEASED,
    ),
    Row(
        name="grading:assignment",
        note="under another course",
        args=under_another_course,
        expected=NOBODY,
    ),
    Row(
        name="grading:submit",
        args=of_assignment,
        expected="login 404 302 302 404 302 302 404 302",
    ),
    Row(
        name="grading:submit",
        method="post",
        args=of_assignment,
        form=notebook_form,
        expected="login 404 303 303 404 403 403 404 403",
    ),
    Row(
        name="grading:submit",
        note="hidden",
        method="post",
        args=of_hidden_assignment,
        form=notebook_form,
        expected="login 404 404 404 404 403 403 404 403",
    ),
    Row(
        name="grading:submit",
        note="under another course",
        method="post",
        args=under_another_course,
        form=notebook_form,
        expected=NOBODY,
    ),
    Row(name="grading:assignment-staff", args=of_assignment, expected=STAFF),
    Row(
        name="grading:assignment-staff",
        note="hidden",
        args=of_hidden_assignment,
        expected=UNRELEASED,
    ),
    Row(name="grading:run", args=of_run, expected=OWN_WORK),
    Row(name="grading:run-status", args=of_run, expected=OWN_WORK),
    Row(name="grading:run-notebook", args=of_run, expected=OWN_WORK),
    Row(
        name="grading:run-cancel",
        method="post",
        args=of_queued_run,
        expected="login 404 302 404 404 302 302 404 302",
    ),
    Row(name="grading:run-cancel", args=of_queued_run, expected=POST_ONLY),
    Row(
        name="grading:run-again",
        method="post",
        args=of_run,
        expected="login 404 403 404 404 302 302 404 302",
    ),
    Row(name="grading:run-again", args=of_run, expected=POST_ONLY),
    Row(name="submissions:submission", args=of_submission, expected=OWN_WORK),
    Row(
        name="submissions:file",
        args=lambda world: [world.submission.pk, "work.ipynb"],
        expected=OWN_WORK,
    ),
    Row(
        name="submissions:file",
        note="of another submission",
        args=lambda world: [world.submission.pk, "other.ipynb"],
        expected=NOBODY,
    ),
]
API: Final = [
    Row(name="api:schema", expected=OPEN),
    Row(name="api:docs", expected=OPEN),
    Row(name="api:me", expected=api(SIGNED_IN)),
    *(
        Row(name=f"api:{noun}-list", expected=api(SIGNED_IN))
        for noun in (
            "course",
            "week",
            "material",
            "assignment",
            "submission",
            "run",
            "mark",
        )
    ),
    Row(name="api:course-detail", args=of_course, expected=api(COURSE)),
    Row(
        name="api:week-detail",
        args=lambda world: [world.week.pk],
        expected=api(COURSE),
    ),
    Row(
        name="api:material-detail",
        args=lambda world: [world.material.pk],
        expected=api(COURSE),
    ),
    Row(
        name="api:material-detail",
        note="hidden",
        args=lambda world: [world.hidden_material.pk],
        expected=api(UNRELEASED),
    ),
    Row(
        name="api:material-file",
        args=lambda world: [world.material.pk],
        expected=api(COURSE),
    ),
    Row(
        name="api:material-file",
        note="hidden",
        args=lambda world: [world.hidden_material.pk],
        expected=api(UNRELEASED),
    ),
    Row(
        name="api:assignment-detail",
        args=lambda world: [world.assignment.pk],
        expected=api(COURSE),
    ),
    Row(
        name="api:assignment-detail",
        note="hidden",
        args=lambda world: [world.hidden_assignment.pk],
        expected=api(UNRELEASED),
    ),
    Row(
        name="api:assignment-file",
        args=lambda world: [world.assignment.pk, "handout.ipynb"],
        expected=api(COURSE),
    ),
    Row(
        name="api:assignment-file",
        note="of tests",
        args=lambda world: [world.assignment.pk, "answer.py"],
        expected=api(NOBODY),
    ),
    Row(
        name="api:submission-list",
        method="post",
        form=lambda world: api_form(world.assignment),
        expected="401 404 201 201 404 403 403 404 403",
    ),
    Row(
        name="api:submission-list",
        note="hidden",
        method="post",
        form=lambda world: api_form(world.hidden_assignment),
        expected="401 404 404 404 404 403 403 404 403",
    ),
    Row(name="api:submission-detail", args=of_submission, expected=api(OWN_WORK)),
    Row(
        name="api:submission-file",
        args=lambda world: [world.submission.pk, "work.ipynb"],
        expected=api(OWN_WORK),
    ),
    Row(name="api:run-detail", args=of_run, expected=api(OWN_WORK)),
    Row(name="api:run-notebook", args=of_run, expected=api(OWN_WORK)),
    Row(
        name="api:mark-detail",
        args=lambda world: [world.mark.pk],
        expected=api(OWN_WORK),
    ),
]
ROWS: Final = [*PAGES, *API]
# allauth's own pages, and the admin's, are tested as groups below; the page of
# components is there in development only.
GROUPS: Final = ("account_", "mfa_", "admin:", "style")


def addresses(
    resolver: URLResolver, namespaces: tuple[str, ...] = ()
) -> Iterator[tuple[str, URLPattern]]:
    """Every named address with its namespaces."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield ":".join([*namespaces, str(pattern.name)]), pattern
        else:
            inner = (pattern.namespace,) if pattern.namespace else ()
            yield from addresses(pattern, namespaces + inner)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """One world for all rows; each request is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def clients(world: World) -> dict[str, Client]:
    return {viewer: world.client(viewer) for viewer in VIEWERS}


def outcome(client: Client, row: Row, world: World) -> str:
    """What comes back: a status, or that one is asked to sign in."""
    path = reverse(row.name, args=row.args(world))
    with transaction.atomic():
        answer = getattr(client, row.method)(path, row.form(world))
        if answer.streaming:
            b"".join(answer.streaming_content)  # which closes the file
        transaction.set_rollback(True)
    where = answer.headers.get("Location", "")
    if answer.status_code == 302 and where.startswith("/accounts/login/"):
        return "login"
    return str(answer.status_code)


@pytest.mark.django_db
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_address(row: Row, world: World, clients: dict[str, Client]) -> None:
    expected = dict(zip(VIEWERS, row.expected.split(), strict=True))
    found = {viewer: outcome(clients[viewer], row, world) for viewer in VIEWERS}
    assert found == expected


def test_every_address_has_a_row() -> None:
    named = {name for name, _ in addresses(get_resolver())}
    ungrouped = {name for name in named if not name.startswith(GROUPS)}
    assert ungrouped == {row.name for row in ROWS}


def test_every_address_has_a_name() -> None:
    unnamed = [str(p.pattern) for n, p in addresses(get_resolver()) if n == "None"]
    assert unnamed == []


WRITTEN: Final = {row.name for row in ROWS if row.method != "get"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.name not in WRITTEN and not row.note], ids=str
)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_what_is_read_is_not_written(
    row: Row, method: str, world: World, clients: dict[str, Client]
) -> None:
    """Not even by site staff, who see everything."""
    path = reverse(row.name, args=row.args(world))
    assert getattr(clients["superuser"], method)(path).status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "/submissions/{world.submission.pk}/files/{name}",
        "/courses/{world.course.slug}/coursework/{world.assignment.slug}/files/{name}",
        "/api/v1/submissions/{world.submission.pk}/files/{name}/",
        "/api/v1/assignments/{world.assignment.pk}/files/{name}/",
    ],
)
@pytest.mark.parametrize(
    "name", ["%00", "work.ipynb%00", "..", "%2e%2e%2fkey", "x" * 999]
)
def test_name_that_no_file_has_is_not_found(
    address: str, name: str, world: World, clients: dict[str, Client]
) -> None:
    path = address.format(world=world, name=name)
    assert clients["owner"].get(path).status_code == 404


# --- Groups ------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("viewer", VIEWERS)
def test_admin_is_for_site_staff(
    viewer: str, world: World, clients: dict[str, Client]
) -> None:
    expected = {"anonymous": "login", "superuser": "200"}.get(viewer, "403")
    paths = ["/admin/"] + [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    ]
    found = {path: admin_outcome(clients[viewer], path) for path in paths}
    assert found == dict.fromkeys(paths, expected)


def admin_outcome(client: Client, path: str) -> str:
    """Where one ends up: at our own sign-in page, or with a status."""
    answer = client.get(path, follow=True)
    places = [where for where, _ in answer.redirect_chain]
    if any(where.startswith("/accounts/login/") for where in places):
        return "login"
    return str(answer.status_code)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "account_email",
        "account_change_password",
        "account_reauthenticate",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
    ],
)
def test_account_pages_ask_strangers_to_sign_in(name: str) -> None:
    answer = Client().get(reverse(name))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
def test_nobody_signs_up_unless_a_setting_opens_it() -> None:
    form = {
        "email": "eve@example.org",
        "password1": "a fine long phrase",
        "password2": "a fine long phrase",
    }
    Client().post(reverse("account_signup"), form)
    assert not User.objects.filter(email="eve@example.org").exists()
