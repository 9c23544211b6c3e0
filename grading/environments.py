"""What is installed where runs are executed."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FoundEnvironment:
    """What a worker found in one of its interpreters."""

    name: str
    python: str
    packages: Mapping[str, str]
