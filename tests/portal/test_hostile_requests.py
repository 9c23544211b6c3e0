"""No input to any form or address causes an internal error."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any, Final

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from courses.models import Course, Enrolment
from tests.factories import ComponentFactory, ExtensionFactory
from tests.matrix import ROWS, Row
from tests.world import World, make_world

# Thousands of requests and texts: see `make test-long`.
pytestmark = pytest.mark.long

VALUES: Final = ("x", "-1", "1e1000000", "9" * 30, "a\x00b", "9999-12-31 23:59:59")
FEW: Final = ("9" * 30, "a\x00b")
DATES: Final = (*FEW, "x", "9999-12-31 23:59:59")
NUMBERS: Final = (*FEW, "x", "-1", "1e1000000")
MODELS: Final = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        lecturer = world.people["lecturer"]
        lecturer.is_staff = True
        lecturer.save()
        ExtensionFactory.create(assignment=world.assignment)
        ComponentFactory.create(course=world.course)
        yield world
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def clients(world: World) -> list[Client]:
    """Give a client for each kind of person who may enter the admin."""
    found = [world.client("lecturer"), world.client("superuser")]
    for client in found:
        client.raise_request_exception = False
    return found


def page(model: type[models.Model], name: str, *args: Any) -> str:
    label = model._meta.label_lower.replace(".", "_")
    return reverse(f"admin:{label}_{name}", args=args)


def status(client: Client, path: str, form: Any = None, *, post: bool = False) -> int:
    """Return the status of the answer; its effect is rolled back."""
    with transaction.atomic():
        answer: Any = client.post(path, form) if post else client.get(path, form)
        if answer.streaming:
            b"".join(answer.streaming_content)
        transaction.set_rollback(True)
    return int(answer.status_code)


def faults(found: dict[Any, int]) -> dict[Any, int]:
    return {what: code for what, code in found.items() if code >= 500}


def values_for(model: type[models.Model], name: str) -> tuple[str, ...]:
    """Return the values that this parameter could stumble over, by its field's type.

    A text is read as it is: only its length and a NUL can be wrong with it.
    """
    fields = {each.name: each for each in model._meta.get_fields()}
    field = fields.get(name.split("__", maxsplit=1)[0])
    if field is None or name.endswith("__isnull"):
        return VALUES
    if isinstance(field, models.CharField | models.TextField | models.FileField):
        return FEW
    return DATES if isinstance(field, models.DateField) else NUMBERS


def parameters_of(model: type[models.Model]) -> Iterator[str]:
    """Return the list's own parameters, any field's, and those of every page."""
    names = {field.name for field in model._meta.fields}
    filters: Any = admin.site._registry[model].list_filter
    for each in filters:
        name = getattr(each, "parameter_name", None)
        path = each if isinstance(each, str) else each[0] if name is None else name
        lookups = ("", "__exact", "__id__exact", "__isnull", "__gte", "__lt", "__in")
        names |= {f"{path}{lookup}" for lookup in (lookups if name is None else [""])}
    hierarchy = admin.site._registry[model].date_hierarchy
    if hierarchy:
        names |= {f"{hierarchy}__{part}" for part in ("year", "month", "day")}
    yield from sorted(names)
    yield from ("pk__range", "q", "o", "p", "all", "e", "_facets", "_to_field")


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_list_accepts_any_parameter(
    model: type[models.Model], clients: list[Client]
) -> None:
    path = page(model, "changelist")
    found = {
        (name, value[:20]): status(clients[1], path, {name: value})
        for name in parameters_of(model)
        for value in values_for(model, name)
    }
    assert not faults(found)


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_page_to_add_accepts_any_parameter(
    model: type[models.Model], clients: list[Client]
) -> None:
    path = page(model, "add")
    fields = [*model._meta.fields, *model._meta.many_to_many]
    found = {
        (field.name, value[:20]): status(clients[1], path, {field.name: value})
        for field in fields
        for value in values_for(model, field.name)
    }
    assert not faults(found)


def first(model: type[models.Model]) -> models.Model | None:
    return model._default_manager.order_by("pk").first()


def sent_by(client: Client, path: str) -> dict[str, Any]:
    """Return the data that the page would send unchanged."""
    context: Any = client.get(path).context
    if context is None or "adminform" not in context:
        return {}
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    names = [field.html_name for form in forms for field in form]
    return {name: (0 if name.endswith("_FORMS") else "1") for name in names}


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_form_of_a_row_accepts_any_value(
    model: type[models.Model], clients: list[Client]
) -> None:
    row, client = first(model), clients[1]
    paths = [page(model, "add")] + ([page(model, "change", row.pk)] if row else [])
    found: dict[Any, int] = {}
    for path in paths:
        sent = sent_by(client, path)
        found[path, "nothing"] = status(client, path, {}, post=True)
        for value in VALUES:
            form = dict.fromkeys(sent, value)
            found[path, "all", value[:20]] = status(client, path, form, post=True)
        # The rows of a set of forms are alike: the first speaks for all.
        alike = {re.sub(r"-\d+-", "-N-", name): name for name in reversed(sent)}
        counts = [n for n in alike.values() if n.endswith(("_FORMS", "-id", "_0"))]
        for name, value in product(counts, ("9" * 30, "-1")):
            form = {**sent, name: value}
            found[path, name, value[:20]] = status(client, path, form, post=True)
    assert not faults(found)


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("key", ["x", "-1", "9" * 30, "0", "a_00b", "_", "x" * 1000])
def test_a_missing_row_is_no_internal_error(
    model: type[models.Model], key: str, clients: list[Client]
) -> None:
    found = {
        (name, post): status(clients[1], page(model, name, key), {}, post=post)
        for name in ("change", "delete", "history")
        for post in (True, False)
    }
    assert not faults(found)


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_action_accepts_any_selection(
    model: type[models.Model], clients: list[Client]
) -> None:
    actions = ["delete_selected", "cancel", "restore", "run_again", "revoke", "x"]
    actions += ["make_verified", "export_admin_action"]
    found = {
        (action, value[:20]): status(
            clients[1],
            page(model, "changelist"),
            {
                "action": action,
                "_selected_action": [value],
                "index": value,
                "select_across": value,
                "reason": value,
            },
            post=True,
        )
        for action in actions
        for value in FEW
    }
    assert not faults(found)


TABLES: Final = [
    model
    for model in MODELS
    if hasattr(admin.site._registry[model], "resource_classes")
]
FILES: Final = (
    b"",
    b"\x00",
    b"\xff\xfe\x00",
    b"course,number\nx,1e1000000\n",
    b"course,number,key,email,week,starts_at\n{slug},%s,k,x,%s,%s\n"
    % (b"9" * 30, b"9" * 30, b"9999-99-99"),
    b'[{"course": "{slug}", "number": 99999999999999999999999, "key": "\\ud800"}]',
    b'[{"course": "\\ud800", "title": "\\ud800", "email": "\\u0000"}]',
    b'[{"course": {"a": []}, "number": [1], "key": null, "email": {}}]',
    b"[1, 2]",
    b"{}",
    b"null",
    b"[" * 100_000,
)


@pytest.mark.django_db
@pytest.mark.parametrize("model", TABLES, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("form", ["0", "1", "2", "3", "x", "", "9" * 30])
def test_import_accepts_any_table(
    model: type[models.Model], form: str, world: World, clients: list[Client]
) -> None:
    found: dict[Any, int] = {}
    for content in FILES:
        data = content.replace(b"{slug}", world.course.slug.encode())
        file = SimpleUploadedFile("rows.csv", data)
        sent = {"import_file": file, "format": form, "resource": form}
        path = page(model, "import")
        found[content[:40]] = status(clients[0], path, sent, post=True)
    for name in ("x", "../../etc/passwd", "a" * 300, "a" * 32, "", "a\x00b"):
        sent = {"import_file_name": name, "original_file_name": name, "format": form}
        path = page(model, "process_import")
        found[name[:20]] = status(clients[0], path, sent, post=True)
    assert not faults(found)


@pytest.mark.django_db
@pytest.mark.parametrize("model", TABLES, ids=lambda model: model._meta.label)
def test_export_accepts_any_form(
    model: type[models.Model], clients: list[Client]
) -> None:
    path = page(model, "export")
    sent = dict.fromkeys(clients[0].get(path).context["form"].fields, "1")
    found = {
        (name, value[:20]): status(clients[0], path, {**sent, name: value}, post=True)
        for name in ("format", "resource", "export_items", "x")
        for value in FEW
    }
    assert not faults(found)


@pytest.mark.django_db
def test_suggestions_accept_any_parameter(clients: list[Client]) -> None:
    asked = {
        "app_label": "courses",
        "model_name": "extension",
        "field_name": "assignment",
        "term": "a",
    }
    path = reverse("admin:autocomplete")
    found = {
        (name, value[:20]): status(client, path, {**asked, name: value})
        for client in clients
        for name in [*asked, "page"]
        for value in VALUES
    }
    assert not faults(found)


@pytest.mark.django_db
def test_row_of_another_course_in_a_form_is_refused(
    world: World, clients: list[Client]
) -> None:
    path = page(Course, "change", world.course.pk)
    stranger = Enrolment.objects.exclude(course=world.course).earliest("pk")
    sent = sent_by(clients[0], path)
    for key in (stranger.pk, 10**9, "x", ""):
        form = {
            **sent,
            "enrolments-TOTAL_FORMS": 1,
            "enrolments-INITIAL_FORMS": 1,
            "enrolments-0-id": key,
            "enrolments-0-role": "student",
        }
        assert status(clients[0], path, form, post=True) == 200


# --- Pages -------------------------------------------------------------------

POSTED: Final = [row for row in ROWS if row.method == "post"]


@pytest.mark.django_db
@pytest.mark.parametrize("row", POSTED, ids=str)
def test_form_of_a_page_accepts_any_value(
    row: Row, world: World, clients: list[Client]
) -> None:
    path = reverse(row.name, args=row.args(world))
    names = [*row.form(world), "page", "reason", "when", "title", "body", "from_week"]
    found: dict[Any, int] = {}
    for value in VALUES:
        form = dict.fromkeys(names, value)
        found["all", value[:20]] = status(clients[0], path, form, post=True)
    for name, value in product(row.form(world), FEW):
        form = {**row.form(world), name: value}
        found[name, value[:20]] = status(clients[0], path, form, post=True)
    files = {name: SimpleUploadedFile("a", b"x") for name in names}
    found["files"] = status(clients[0], path, files, post=True)
    assert not faults(found)


@pytest.mark.django_db
@pytest.mark.parametrize("row", [r for r in ROWS if r.method == "get"], ids=str)
def test_page_accepts_any_parameter(
    row: Row, world: World, clients: list[Client]
) -> None:
    path = reverse(row.name, args=row.args(world))
    names = ["q", "show", "page", "page_size", "kind", "role", "revision", "week"]
    names += ["from_week", "weeks", "format", "state", "next", "until", "from", "x"]
    found = {
        value[:20]: status(clients[0], path, dict.fromkeys(names, value))
        for value in VALUES
    }
    assert not faults(found)


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "0", "9999999999"])
@pytest.mark.parametrize(
    "path",
    [
        "/account/tokens/{}/revoke/",
        "/courses/{slug}/materials/{}/file/",
        "/courses/{slug}/attachments/{}/file/",
        "/courses/{slug}/manage/sessions/{}/cancel/",
        "/courses/{slug}/manage/announcements/{}/",
        "/courses/{slug}/coursework/{aslug}/staff/revisions/{}/",
        "/courses/{slug}/coursework/{aslug}/staff/regrades/{}/",
        "/courses/{slug}/coursework/{aslug}/staff/marks/{}/",
        "/api/v1/weeks/{}/",
        "/api/v1/materials/{}/attachments/{}/",
        "/api/v1/assignments/{}/",
        "/api/v1/assignments/{}/hand-in/",
        "/api/v1/assignments/{}/entered-marks/",
        "/api/v1/marks/{}/",
        "/api/v1/people/{}/",
        "/api/v1/submissions/{}/",
        "/api/v1/extensions/{}/",
        "/api/v1/accommodations/{}/",
        "/api/v1/extension-requests/{}/",
        "/api/v1/regrade-requests/{}/",
        "/courses/{slug}/coursework/{aslug}/staff/regrade-requests/{}/",
        "/courses/{slug}/coursework/{aslug}/staff/feedback/{}/",
        "/api/v1/opened-attempts/{}/",
        "/api/v1/self-checks/{}/",
        "/api/v1/opened-attempts/{}/uploads/",
        "/api/v1/uploads/{}/",
    ],
)
def test_unknown_number_in_an_address_is_not_found(
    path: str, number: str, world: World, clients: list[Client]
) -> None:
    slugs = {"slug": world.course.slug, "aslug": world.assignment.slug}
    asked = path.replace("{}", number).format(**slugs)
    assert {status(clients[0], asked, post=post) for post in (True, False)} <= {
        404,
        405,
    }
