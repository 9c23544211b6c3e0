"""The API's description is public, free of warnings, and the same as in docs/.

After an intended change: `make openapi`.
"""

import threading
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver

from portal import api_description as api

SNAPSHOT = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


def test_description_equals_the_stored_one(tmp_path: Path) -> None:
    made = tmp_path / "openapi.yaml"
    options = ["--fail-on-warn", "--validate", "--file", str(made)]
    call_command("spectacular", *options)
    assert made.read_text() == SNAPSHOT.read_text()


def test_developer_notes_are_not_published() -> None:
    published = SNAPSHOT.read_text()
    for word in ("SECURITY:", "Takes rows", "Takes marks", "ViewSet"):
        assert word not in published


def test_description_is_public() -> None:
    answer = Client().get("/api/v1/schema/")
    assert answer.status_code == 200
    assert b"openapi: 3" in answer.content


def test_description_is_made_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    at_once = threading.Barrier(8, timeout=30)

    class Generator:
        def get_schema(self, **options: bool) -> dict[str, str]:
            made.append(threading.get_ident())
            return {}

    def ask() -> None:
        at_once.wait()
        api.description()

    monkeypatch.setattr(api, "SchemaGenerator", Generator)
    monkeypatch.setattr(
        api, "_made_description", cache(api._made_description.__wrapped__)
    )
    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(30)
    assert len(made) == 1


def test_description_has_every_address_of_the_api() -> None:
    described = SNAPSHOT.read_text()
    names = {
        name
        for name in get_resolver("portal.api").reverse_dict
        if isinstance(name, str) and name not in {"schema", "docs"}
    }
    assert names >= {"me", "course-list", "submission-file"}
    for prefix in ("me", "courses", "weeks", "materials", "assignments"):
        assert f"  /api/v1/{prefix}/:" in described
    # POST submissions, self-checks and requests (for extensions, and to mark again), POST
    # and DELETE of opened attempts and of extensions, POST, PUT and DELETE of
    # accommodations, DELETE of an upload and of a choice, PUT of a marking, POST of an
    # allocation.
    assert described.count("operationId") == len(names) + 15


@pytest.mark.django_db
def test_page_of_the_description_has_nothing_inline() -> None:
    page = Client().get("/api/docs/").content.decode()
    assert "<script>" not in page
    assert "<style" not in page
    assert "https://" not in page
