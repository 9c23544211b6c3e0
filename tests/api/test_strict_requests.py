"""Every address in the description refuses unknown or invalid input by its name."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.test import Client

from accounts.models import User
from tests.api.asking import READ, ROOT, bearer, codes, session_of
from tests.api.described import described_paths
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
PATHS: Final[dict[str, dict[str, Any]]] = described_paths()
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
UUID: Final = "00000000-0000-4000-8000-000000000000"
BAD_VALUES: Final = {
    "integer": "1.5",
    "number": "1.5",
    "boolean": "maybe",
    "date-time": "tomorrow",
    "uuid": "17",
    "choice": "nothing-like-it",
}
# In the protocol of uploads in pieces, OPTIONS says what the portal supports.
WITH_OPTIONS: Final = [path for path in PATHS if "uploads/" in path]
LISTED: Final = [path for path in PATHS if "{" not in path and path != f"{ROOT}me/"]


def filled(path: str) -> str:
    """Return the path with keys that no row has."""
    of_uuid = path.removeprefix(ROOT).startswith(
        ("submissions/", "runs/", "opened-attempts/", "uploads/", "self-checks/")
    )
    key = UUID if of_uuid else "999999"
    return path.replace("{id}", key).format(
        slug="no-course", name="x", attachment="999999", key="x", code="x"
    )


def parameters() -> Iterator[tuple[str, str, str]]:
    """Return each query parameter: path, name, and an invalid value if there is one."""
    for path, operations in PATHS.items():
        for each in operations.get("get", {}).get("parameters", []):
            schema = each["schema"]
            kind = "choice" if "enum" in schema else schema.get("format")
            bad = BAD_VALUES.get(kind) or BAD_VALUES.get(schema["type"], "")
            if each["in"] == "query":
                yield path, each["name"], bad


PARAMETERS: Final = list(parameters())


@pytest.fixture
def user() -> User:
    return UserFactory.create(site_staff=True)


def test_every_kind_of_address_is_tested() -> None:
    assert len(PATHS) >= 25
    assert len(LISTED) >= 12
    assert {"is_late", "kind", "after", "submission", "page"} <= {
        name for _, name, bad in PARAMETERS if bad
    }


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["assignments", "ordering", "format", "course[]", "q"])
def test_unknown_parameter_is_refused_by_its_name(
    path: str, name: str, user: User
) -> None:
    method = "GET" if "get" in PATHS[path] else next(iter(PATHS[path])).upper()
    for value in ("", "4"):
        address = f"{filled(path)}?{name}={value}"
        answer = session_of(user).generic(method, address)
        assert answer.status_code == 400
        assert codes(answer) == {("unknown_parameter", name)}


@pytest.mark.parametrize(("path", "name", "bad"), [p for p in PARAMETERS if p[2]])
def test_invalid_value_is_refused_by_its_name(
    path: str, name: str, bad: str, user: User
) -> None:
    answer = session_of(user).get(filled(path), {name: bad})
    assert answer.status_code == 400
    assert {where for _, where in codes(answer)} == {name}


@pytest.mark.parametrize(("path", "name"), [p[:2] for p in PARAMETERS])
@pytest.mark.parametrize("query", ["{name}=", "{name}=%20", "{name}=1&{name}=2"])
def test_missing_and_repeated_values_are_refused_by_name(
    path: str, name: str, query: str, user: User
) -> None:
    answer = session_of(user).get(f"{filled(path)}?{query.format(name=name)}")
    assert answer.status_code == 400
    assert {where for _, where in codes(answer)} == {name}


def test_refusal_names_what_is_allowed(user: User) -> None:
    client = session_of(user)
    for query, words in {
        "assignments=4": "assignment",
        "state=done": "needs_staff",
        "is_late=maybe": "true or false",
        "page_size=500": "1 to 200",
        "page=99": "There is no page 99. The last page is 1.",
    }.items():
        path = "submissions" if "is_late" in query else "runs"
        answer = client.get(f"{ROOT}{path}/?{query}")
        assert words in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("written", ["2027-02-05", "2027-02-05T09:00", "05/02/2027"])
def test_time_without_an_offset_is_refused(written: str, user: User) -> None:
    answer = session_of(user).get(f"{ROOT}sessions/", {"after": written})
    assert answer.status_code == 400
    assert "%2B01:00" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_method_without_a_handler_is_405_whatever_the_token_may(
    path: str, method: str
) -> None:
    options = {"OPTIONS"} if path in WITH_OPTIONS else set()
    if method.lower() in PATHS[path] or method in options:
        return
    for header in ({}, bearer(UserFactory.create(), READ)):
        answer = Client().generic(method, filled(path), headers=header)
        assert answer.status_code == 405
        assert codes(answer) == {("method_not_allowed", None)}
        allowed = {name.strip() for name in answer.headers["Allow"].split(",")}
        described = {name.upper() for name in PATHS[path]}
        assert allowed - {"HEAD"} == described | options


@pytest.mark.parametrize("path", [p for p in PATHS if not p.endswith("uploads/{id}/")])
def test_head_is_answered_as_get_is(path: str, user: User) -> None:
    client = session_of(user)
    for query in ("", "?assignments=4"):
        found = client.head(filled(path) + query)
        assert found.status_code == client.get(filled(path) + query).status_code
