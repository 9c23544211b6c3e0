"""Requests to the API as a person, and their answers."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import ApiToken, User
from accounts.services import create_token
from courses.models import Assignment
from tests.factories import small_notebook

ROOT = "/api/v1/"
READ, SUBMIT = ApiToken.Scope.READ, ApiToken.Scope.SUBMIT


def session_of(user: User) -> Client:
    """Return a client with the person's session; it skips the CSRF check."""
    client = Client()
    client.force_login(user)
    return client


def bearer(user: User, *scopes: ApiToken.Scope) -> dict[str, str]:
    """Return the header with a new token of the person; all scopes if none is given."""
    _, secret = create_token(
        actor=user, name="test", scopes=scopes or list(ApiToken.Scope)
    )
    return {"Authorization": f"Bearer {secret}"}


def get(user: User, path: str, **query: Any) -> Any:
    """Return the API's answer to the person as plain data; it must be a 200."""
    answer = session_of(user).get(ROOT + path, query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def rows(user: User, path: str, **query: Any) -> list[Any]:
    """Return the rows of a list."""
    return list(get(user, path, **query)["results"])


def notebook_file(text: str = "", name: str = "mine.ipynb") -> SimpleUploadedFile:
    """Return an upload of a small notebook."""
    return SimpleUploadedFile(name, (text or small_notebook()).encode())


def hand_in(
    user: User,
    assignment: Assignment,
    /,
    *,
    headers: Any = None,
    **fields: Any,
) -> Any:
    """Hand in a small notebook, or these fields instead."""
    form = {
        "assignment": assignment.pk,
        "declaration": "true",
        "work.ipynb": notebook_file(),
        **fields,
    }
    sent = {name: value for name, value in form.items() if value is not None}
    return session_of(user).post(f"{ROOT}submissions/", sent, headers=headers)


def codes(answer: Any) -> set[tuple[str, str | None]]:
    """Return each error's code and place, of an answer in the API's error shape."""
    body = answer.json()
    assert set(body) == {"type", "errors"}, body
    assert all(set(error) == {"code", "detail", "attr"} for error in body["errors"])
    return {(error["code"], error["attr"]) for error in body["errors"]}


def content(answer: Any) -> bytes:
    """Return the content of a download."""
    return b"".join(answer.streaming_content)
