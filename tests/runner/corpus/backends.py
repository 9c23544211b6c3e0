"""The jails that the corpus runs on. The one place that knows how to ask for one."""

from typing import Final

from runner.host import bwrap
from runner.host.runner import Backend, Runner

NAMESPACES: Final = Backend.NAMESPACES
BWRAP: Final = Backend.BWRAP


def why_not(backend: Backend) -> str:
    """Return why the backend cannot be had here, or nothing if it can."""
    if backend is BWRAP and not bwrap.is_installed():
        return "bubblewrap is not installed"
    return ""


def make_runner(backend: Backend) -> Runner:
    """Return a runner whose jobs run in such a jail.

    Nothing is made ahead, so that whatever is there after a job was left by it.
    """
    return Runner({"default": ""}, backend=backend, spares=0)
