"""The answer of every address of the portal for each kind of person.

A new address without a row in tests/matrix.py fails `test_every_address_has_a_row`.
Rows that a person may not see are 404; visible rows with a forbidden action are 403.
"""

from collections.abc import Iterator
from typing import Final

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import DjangoDbBlocker

from accounts.models import User
from tests.matrix import ROWS, Row
from tests.run_secrets import secrets_in, set_secrets
from tests.world import VIEWERS, World, make_world

pytestmark = pytest.mark.one_database

# allauth's own pages are tested as a group below, the admin's in test_admin_matrix. The
# page of components exists in development only.
STAFF: Final = ("assistant", "lecturer", "administrator", "examiner", "superuser")
GROUPS: Final = ("account_", "mfa_", "admin:", "style")


def addresses(
    resolver: URLResolver, namespaces: tuple[str, ...] = ()
) -> Iterator[tuple[str, URLPattern]]:
    """Return every named address with its namespaces."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield ":".join([*namespaces, str(pattern.name)]), pattern
        else:
            inner = (pattern.namespace,) if pattern.namespace else ()
            yield from addresses(pattern, namespaces + inner)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Make one set of rows for all requests; roll each request back."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = make_world()
        set_secrets()
        yield made
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def clients(world: World) -> dict[str, Client]:
    return {viewer: world.client(viewer) for viewer in VIEWERS}


def outcome(viewer: str, client: Client, row: Row, world: World) -> str:
    """Return the status of the answer, or that the sign-in page is next.

    SECURITY: no answer tells a secret of a run to anybody but staff.
    """
    path = reverse(row.name, args=row.args(world))
    with transaction.atomic():
        answer = getattr(client, row.method)(
            path, row.form(world), headers=row.headers, **row.more
        )
        # Reading a file to its end closes it.
        body = b"".join(
            answer.streaming_content if answer.streaming else [answer.content]
        )
        transaction.set_rollback(True)
    if viewer not in STAFF:
        assert not secrets_in(f"{answer.headers}{body.decode(errors='replace')}")
    where = answer.headers.get("Location", "")
    if answer.status_code == 302 and where.startswith("/accounts/login/"):
        return "login"
    return str(answer.status_code)


@pytest.mark.django_db
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_address_answers_as_in_the_table(
    row: Row, world: World, clients: dict[str, Client]
) -> None:
    expected = dict(zip(VIEWERS, row.expected.split(), strict=True))
    found = {viewer: outcome(viewer, clients[viewer], row, world) for viewer in VIEWERS}
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
def test_read_only_address_refuses_writing(
    row: Row, method: str, world: World, clients: dict[str, Client]
) -> None:
    """Not even site staff, who see everything, can write there."""
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
def test_unknown_file_name_is_not_found(
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
    """Return `login` for our own sign-in page, or else the status."""
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
