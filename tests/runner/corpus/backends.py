"""The jails that the corpus runs on; only this module knows how to ask for each."""

from typing import Final

from runner.host import bwrap
from runner.host.runner import Backend, Runner

NAMESPACES: Final = Backend.NAMESPACES
BWRAP: Final = Backend.BWRAP


def why_not(backend: Backend) -> str:
    """Return why the backend is not available here, or nothing if it is."""
    if backend is BWRAP and not bwrap.is_installed():
        return "bubblewrap is not installed"
    return ""


def make_runner(backend: Backend) -> Runner:
    """Return a runner whose jobs run in such a jail.

    It makes no spares, so that everything found after a job was left by that job.
    """
    return Runner({"default": ""}, backend=backend, spares=0)
