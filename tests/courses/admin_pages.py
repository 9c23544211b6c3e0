"""Pages of the admin: their addresses, and how many queries they take."""

from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse


def address(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(
        f"admin:{model._meta.label_lower.replace('.', '_')}_{page}", args=args
    )


def queries_of(client: Client, url: str) -> int:
    """Return how many queries the page takes in a process that has served others."""
    # Django looks up each type of content once in a process.
    ContentType.objects.get_for_models(*apps.get_models())
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url)
    assert answer.status_code == 200, answer.content[:500]
    return len(captured)
