"""The answer of every address of the admin for each kind of person.

An address of the admin without an entry in ACCESS or SITE fails
`test_every_address_of_the_admin_has_a_row`.
"""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from pytest_django import DjangoDbBlocker

from accounts.models import User
from grading.models import (
    GradingRun,
    Publication,
    RunnerEnvironment,
    WorkerPresence,
)
from tests.factories import (
    ExtensionFactory,
    RoomFactory,
    SlotFactory,
    TeacherFactory,
    UserFactory,
)
from tests.world import World, make_world

pytestmark = pytest.mark.one_database

# Nobody, a student, and five who may enter the admin: an assistant, a lecturer, a
# lecturer of another course, somebody without a course, and site staff.
VIEWERS: Final = (
    "anonymous",
    "owner",
    "assistant",
    "lecturer",
    "other_lecturer",
    "no_course",
    "superuser",
)
ENTERING: Final = VIEWERS[2:]

#                    anonymous owner assistant lecturer other  no course  superuser
EVERY_ENTRANT: Final = "login  403   200       200      200    200        200"
EDITORS: Final = "login        403   403       200      200    403        200"
EDITORS_OF_ROW: Final = "login 403   403       200      index  403        200"
HISTORY_OF_ROW: Final = "login 403   index     200      index  index      200"
SITE_STAFF: Final = "login     403   403       403      403    403        200"
NOBODY: Final = "login         403   403       403      403    403        403"
NOT_FOUND: Final = "login      403   404       404      404    404        404"
SENT_ON: Final = "login        403   302       302      302    302        302"
POST_ONLY: Final = "login      403   405       405      405    405        405"
TO_ACCOUNT: Final = "login     403   account   account  account account   account"

# Each viewer's answer from each page of a model.
Access = dict[str, str]
CONTENT: Final[Access] = {
    "changelist": EDITORS,
    "add": EDITORS,
    "history": HISTORY_OF_ROW,
    "delete": EDITORS_OF_ROW,
    "change": EDITORS_OF_ROW,
}
TABLE: Final[Access] = {
    "import": EDITORS,
    "export": EDITORS,
    "process_import": POST_ONLY,
}
KEPT: Final[Access] = CONTENT | {"delete": SITE_STAFF}
FROZEN: Final[Access] = CONTENT | {"add": NOBODY, "delete": NOBODY}
SITE_ONLY: Final[Access] = dict.fromkeys(CONTENT, SITE_STAFF)
SITE_FROZEN: Final[Access] = SITE_ONLY | {"add": NOBODY, "delete": NOBODY}

ACCESS: Final[dict[str, Access]] = {
    "account_emailaddress": SITE_ONLY,
    "accounts_apitoken": SITE_FROZEN,
    "accounts_user": SITE_ONLY | {"delete": NOBODY},
    "courses_accommodation": CONTENT,
    "courses_announcement": CONTENT,
    "courses_assignment": KEPT,
    "courses_assignmentrevision": FROZEN,
    "courses_course": KEPT | {"add": SITE_STAFF},
    "courses_coursechange": FROZEN,
    "courses_enrolment": KEPT | TABLE,
    "courses_extension": CONTENT,
    "courses_extensionrequest": FROZEN,
    "courses_lecture": CONTENT | TABLE,
    "courses_material": CONTENT | TABLE,
    # Rooms belong to the college: editors of a course see rooms and add new ones.
    "courses_room": {
        "changelist": EDITORS,
        "add": EDITORS,
        "history": EDITORS,
        "delete": SITE_STAFF,
        "change": EDITORS,
    },
    "courses_session": CONTENT | TABLE,
    "courses_slot": CONTENT,
    "courses_teacher": CONTENT,
    "courses_week": CONTENT | TABLE,
    "grading_gradingrun": SITE_FROZEN,
    "grading_mark": SITE_FROZEN,
    "grading_publication": SITE_FROZEN,
    "grading_regrade": SITE_FROZEN,
    "grading_regraderequest": SITE_FROZEN,
    "grading_runnerenvironment": SITE_FROZEN,
    "grading_workerpresence": SITE_FROZEN,
    "mfa_authenticator": SITE_FROZEN | {"delete": TO_ACCOUNT},
    "submissions_submission": {
        "changelist": "login 403 200 200 200 403 200",
        "add": NOBODY,
        "history": "login 403 200 200 index index 200",
        "delete": NOBODY,
        "change": "login 403 200 200 index 403 200",
    },
}
# Each viewer's answer from the site's own addresses, by GET.
SITE: Final[dict[str, str]] = {
    "index": EVERY_ENTRANT,
    "login": "login 403 index index index index index",
    "logout": EVERY_ENTRANT.replace("403", "index").replace("login", "index"),
    "password_change": TO_ACCOUNT,
    "password_change_done": TO_ACCOUNT,
    "autocomplete": NOBODY,
    "jsi18n": EVERY_ENTRANT,
    "view_on_site": "login 403 404 302 404 404 302",
    "app_list": EDITORS.replace("403", "404").replace("404", "403", 1),
    "auth_user_password_change": TO_ACCOUNT,
}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Make one set of rows for all requests; roll each request back."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        world.people["no_course"] = UserFactory.create()
        for viewer in ENTERING:
            world.people[viewer].is_staff = True
            world.people[viewer].save()
        add_the_rest(world)
        yield world
        transaction.set_rollback(True)


def add_the_rest(world: World) -> None:
    TeacherFactory.create(course=world.course)
    SlotFactory.create(course=world.course)
    RoomFactory.create()
    ExtensionFactory.create(assignment=world.assignment)
    Group.objects.create(name="group")
    owner = world.people["owner"]
    EmailAddress.objects.create(user=owner, email=owner.email)
    Authenticator.objects.create(user=owner, type="totp", data={"secret": "s3cr3t"})
    RunnerEnvironment.objects.create(name="default")
    WorkerPresence.objects.create(name="host:1", host="host")
    Publication.objects.create(
        assignment=world.assignment,
        revision=world.trial.revision,
        is_override=False,
        trials={},
    )


@pytest.fixture(scope="module")
def clients(world: World) -> dict[str, Client]:
    return {viewer: world.client(viewer) for viewer in VIEWERS}


def row_of(model: type[models.Model], world: World) -> models.Model:
    """Return a row of the world's course, or of the site."""
    rows = model._default_manager.order_by("pk")
    if model is GradingRun:
        # Ids are random, and the admin has no runs of self-checks.
        rows = rows.filter(self_check=None)
    own = rows.filter(pk__in=of_course(model, world))
    found = own.first() or rows.first()
    assert found is not None
    return found


def of_course(model: type[models.Model], world: World) -> list[Any]:
    names = {field.name for field in model._meta.fields}
    for way, first in (("course", "course"), ("assignment__course", "assignment")):
        if first in names:
            rows = model._default_manager.filter(**{way: world.course})
            return list(rows.values_list("pk", flat=True))
    return []


def outcome(client: Client, path: str, **form: Any) -> str:
    """Return the status, or the target of a redirect; a GET unless there is a form."""
    with transaction.atomic():
        answer = client.post(path, form) if form else client.get(path)
        transaction.set_rollback(True)
    where = answer.headers.get("Location", "")
    if where.startswith("/admin/login/"):
        return outcome(client, where)
    for start, word in (("/accounts/login/", "login"), ("/accounts/", "account")):
        if where.startswith(start):
            return word
    return "index" if where == "/admin/" else str(answer.status_code)


def outcomes(clients: dict[str, Client], path: str, **form: Any) -> list[str]:
    return [outcome(clients[viewer], path, **form) for viewer in VIEWERS]


def names_of_site() -> set[str | None]:
    """Return the names of all the admin's addresses."""

    def walk(urls: list[URLPattern | URLResolver]) -> Iterator[str | None]:
        for url in urls:
            if isinstance(url, URLResolver):
                yield from walk(url.url_patterns)
            else:
                yield url.name

    return set(walk(admin.site.get_urls()))


def test_every_address_of_the_admin_has_a_row() -> None:
    of_models = {f"{m}_{page}" for m, pages in ACCESS.items() for page in pages}
    # Without a name are a row's old address and the pattern for all unknown addresses.
    assert names_of_site() == of_models | set(SITE) | {None}


@pytest.mark.django_db
@pytest.mark.parametrize("label", sorted(ACCESS))
def test_pages_of_a_model_answer_as_in_the_table(
    label: str, world: World, clients: dict[str, Client]
) -> None:
    model = next(m for m in admin.site._registry if key_of(m) == label)
    row = row_of(model, world)
    for page, expected in ACCESS[label].items():
        args = [row.pk] if page in {"history", "delete", "change"} else []
        path = reverse(f"admin:{label}_{page}", args=args)
        assert (path, outcomes(clients, path)) == (path, expected.split())


def key_of(model: type[models.Model]) -> str:
    return model._meta.label_lower.replace(".", "_")


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(SITE))
def test_pages_of_the_site_answer_as_in_the_table(
    name: str, world: World, clients: dict[str, Client]
) -> None:
    hidden = world.hidden_material
    args: dict[str, list[Any]] = {
        "view_on_site": [ContentType.objects.get_for_model(hidden).pk, hidden.pk],
        "app_list": ["courses"],
        "auth_user_password_change": [world.people["owner"].pk],
    }
    path = reverse(f"admin:{name}", args=args.get(name, []))
    assert outcomes(clients, path) == SITE[name].split()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["courses/week/1/", "courses/week/x/", "courses/week"])
def test_address_without_a_name_redirects_to_one_with_a_row(
    path: str, clients: dict[str, Client]
) -> None:
    found = {outcome(clients[viewer], f"/admin/{path}") for viewer in ENTERING}
    assert found <= {"302", "301"}
    assert outcomes(clients, "/admin/nothing/") == NOT_FOUND.split()


@pytest.mark.django_db
@pytest.mark.parametrize("viewer", ["assistant", "other_lecturer", "no_course"])
def test_short_link_to_an_invisible_row_is_not_found(
    viewer: str, world: World, clients: dict[str, Client]
) -> None:
    for kind in ContentType.objects.all():
        model = kind.model_class()
        if model is None or not hasattr(model, "get_absolute_url"):
            continue
        for pk in of_course(model, world):
            path = reverse("admin:view_on_site", args=[kind.pk, pk])
            expected = "302" if sees(viewer, model) else "404"
            assert (path, outcome(clients[viewer], path)) == (path, expected)


def sees(viewer: str, model: type[models.Model]) -> bool:
    """Return whether the viewer sees such rows of the world's course in the admin."""
    return viewer == "assistant" and model._meta.label == "submissions.Submission"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["0", "x", "9" * 5000, "9" * 30, "-1", "1e9"])
@pytest.mark.parametrize("row", ["0", "x", "9" * 2000, "9" * 30, "-1"])
def test_short_link_to_a_missing_row_is_not_found(
    kind: str, row: str, clients: dict[str, Client]
) -> None:
    assert outcome(clients["superuser"], f"/admin/r/{kind}/{row}/") == "404"


# --- Account pages -----------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("viewer", ENTERING)
@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("login", {"username": "{email}", "password": "x"}),
        ("password_change", {"old_password": "x", "new_password1": "y"}),
        ("password_change_done", {"old_password": "x"}),
    ],
)
def test_form_of_the_admin_does_not_sign_in_with_a_password(
    name: str, form: dict[str, str], viewer: str, clients: dict[str, Client]
) -> None:
    found = outcome(clients[viewer], reverse(f"admin:{name}"), **form)
    assert found == ("index" if name == "login" else "account")


@pytest.mark.django_db
def test_setting_a_person_s_password_needs_a_fresh_sign_in(
    world: World, clients: dict[str, Client]
) -> None:
    owner = world.people["owner"]
    path = reverse("admin:auth_user_password_change", args=[owner.pk])
    new = {"password1": "a-new-long-phrase", "password2": "a-new-long-phrase"}
    form = {**new, "usable_password": "true"}
    assert outcome(clients["superuser"], path, **form) == "account"
    assert User.objects.get(pk=owner.pk).password == owner.password


@pytest.mark.django_db
def test_data_of_second_factors_is_shown_to_nobody(clients: dict[str, Client]) -> None:
    row = Authenticator.objects.get()
    for page, args in (("changelist", []), ("change", [row.pk])):
        path = reverse(f"admin:mfa_authenticator_{page}", args=args)
        answer = clients["superuser"].get(path)
        assert answer.status_code == 200
        assert b"s3cr3t" not in answer.content


@pytest.mark.django_db
def test_signing_out_of_the_admin_ends_the_session(world: World) -> None:
    client = world.client("superuser")
    assert client.post(reverse("admin:logout")).status_code == 302
    assert outcome(client, "/admin/") == "login"
