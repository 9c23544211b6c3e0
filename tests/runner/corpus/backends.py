"""The jails that the corpus runs on. The one place that knows how to ask for one."""

import inspect
import shutil
from typing import Any, Final

from runner.host import Runner

NAMESPACES: Final = "namespaces"
BWRAP: Final = "bwrap"
_CAN_CHOOSE: Final = "backend" in inspect.signature(Runner).parameters


def why_not(backend: str) -> str:
    """Return why the backend cannot be had here, or nothing if it can."""
    if backend == NAMESPACES:
        return ""
    if not _CAN_CHOOSE:
        return f"the runner has no {backend} backend"
    return "" if shutil.which(backend) else f"{backend} is not installed"


def make_runner(backend: str) -> Runner:
    """Return a runner whose jobs run in such a jail."""
    chosen: dict[str, Any] = {"backend": backend} if _CAN_CHOOSE else {}
    return Runner({"default": ""}, **chosen)
