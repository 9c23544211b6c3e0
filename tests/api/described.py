"""The API's description as it is stored, which a test holds equal to the code.

Making it takes seconds, in each process that collects tests.
"""

from typing import Any, Final

import yaml
from django.conf import settings

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def described_paths() -> dict[str, dict[str, Any]]:
    """Return the description's operations by path and method."""
    stored = settings.BASE_DIR / "docs" / "openapi.yaml"
    paths: dict[str, dict[str, Any]] = yaml.load(stored.read_bytes(), _LOADER)["paths"]  # noqa: S506 - a safe loader
    return paths
