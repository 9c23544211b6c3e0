"""BLOB_STORE is checked at the start, and loads nothing until the store is used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def start(address: str, var: Path, source: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "SECRET_KEY": "x" * 50,
        "SOFTMARK_VAR": str(var),
        "BLOB_STORE": address,
    }
    return subprocess.run(
        [sys.executable, "-c", source],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_prefix_is_optional_and_boto3_is_not_loaded(tmp_path: Path) -> None:
    done = start(
        "s3://bucket",
        tmp_path,
        "import django, sys; django.setup(); import storage.blobs\n"
        "from django.conf import settings\n"
        "print(*(settings.STORAGES[n]['OPTIONS']['location'] for n in "
        "('default', 'blobs')), 'boto3' in sys.modules)",
    )
    assert done.stdout.split() == ["files", "blobs", "False"], done.stderr


@pytest.mark.parametrize(
    "address", ["bucket", "https://host/bucket", "s3://", "s3:///a"]
)
def test_other_addresses_stop_the_start(tmp_path: Path, address: str) -> None:
    done = start(address, tmp_path, "import portal.settings")
    assert done.returncode != 0
    assert "must be s3://BUCKET or s3://BUCKET/PREFIX" in done.stderr
