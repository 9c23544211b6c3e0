"""The migrations make the tables that the models describe.

Other tests make their tables from the models, which takes a ninth of the time.
"""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.db import connection

from tests.portal.schema import tables

OWN: Final = (
    "accounts_",
    "courses_",
    "submissions_",
    "grading_",
    "gradebook_",
    "storage_",
)


def address_of_an_empty_database(folder: Path) -> str:
    """Make a database on the server of this test, or in the folder."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{folder / 'migrated.sqlite3'}"
    name = f"migrated_{uuid.uuid4().hex}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    return f"{base}/{name}"


@pytest.mark.django_db(transaction=True)
def test_migrations_make_what_the_models_describe(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.portal.schema"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": address_of_an_empty_database(tmp_path),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "SOFTMARK_TEST_VAR": str(settings.VAR_DIR),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    migrated, made = json.loads(told.stdout), json.loads(json.dumps(tables()))
    assert migrated.keys() ^ made.keys() == {"django_migrations", "portal_cache"}
    # Django numbers the rows of its own tables differently in the two ways.
    own = [name for name in migrated if name.startswith(OWN)]
    assert own
    for name in own:
        for kind in ("columns", "constraints"):
            assert migrated[name][kind] == made[name][kind], name
