"""Limits on signing in count each address separately, and survive a rush."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache


def setting(name: str, folder: Path, **env: str) -> Any:
    """Return the setting's value in a process with these variables."""
    code = f"import json, portal.settings as s; print(json.dumps(s.{name}))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={"SECRET_KEY": "x", "SOFTMARK_VAR": str(folder), **env},
        capture_output=True,
        check=True,
    )
    return json.loads(run.stdout)


@pytest.mark.django_db
def test_a_rush_does_not_reset_a_limit() -> None:
    for number in range(400):
        cache.set(f"limit-{number}", [1])
    assert len(cache.get_many(f"limit-{number}" for number in range(400))) == 400


@pytest.mark.parametrize(("behind", "proxies"), [("1", 1), ("0", 0)])
def test_people_behind_a_proxy_are_counted_separately(
    behind: str, proxies: int, tmp_path: Path
) -> None:
    count = setting("ALLAUTH_TRUSTED_PROXY_COUNT", tmp_path, BEHIND_PROXY=behind)
    assert count == proxies


def test_the_pool_has_connections_for_every_slot(tmp_path: Path) -> None:
    database = setting(
        "DATABASES['default']",
        tmp_path,
        DATABASE_URL="postgres://u@localhost/x",
        WORKER_SLOTS="16",
    )
    # A run's own, and one more while it starts.
    assert database["OPTIONS"]["pool"]["max_size"] > 2 * 16
