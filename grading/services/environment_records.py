"""The records of what is installed in the workers' environments, for pages to show."""

from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from accounts.actors import System
from grading.models import RunnerEnvironment
from grading.worker.environments import FoundEnvironment, environments_in


def record_environments(
    *, actor: System, found: Iterable[FoundEnvironment], level: str
) -> None:
    """Store each environment as a worker has found it now. Safe to repeat."""
    for each in found:
        RunnerEnvironment.objects.update_or_create(
            name=each.name,
            defaults={
                "python": each.python,
                "packages": dict(each.packages),
                "modules": list(each.modules),
                "level": level,
                "recorded_at": timezone.now(),
            },
        )


def environment_names() -> list[str]:
    """Return the names of all environments, from the settings and from workers."""
    told = RunnerEnvironment.objects.values_list("name", flat=True)
    return sorted({*settings.RUNNER_ENVIRONMENTS, *told})


def installed_modules() -> dict[str, frozenset[str]]:
    """Return the importable modules of each environment, by the environment's name.

    They come from the latest report of a worker. Where no worker has reported an
    environment, the interpreter of this host is asked.
    """
    told = recorded_modules()
    for name, interpreter in settings.RUNNER_ENVIRONMENTS.items():
        if name not in told and (here := _modules_here(interpreter)):
            told[name] = here
    return told


def recorded_modules() -> dict[str, frozenset[str]]:
    """Return the modules of each environment for which a worker has reported them."""
    rows = RunnerEnvironment.objects.exclude(modules=[])
    return {row.name: frozenset(row.modules) for row in rows}


@lru_cache(maxsize=8)
def _modules_here(interpreter: str) -> frozenset[str]:
    """Return what this host's interpreter can import; nothing if it is missing."""
    found = next(environments_in({"": interpreter}), None)
    return frozenset(found.modules if found else ())
