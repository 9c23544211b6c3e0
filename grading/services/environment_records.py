"""What is installed in the workers' environments, for pages to show."""

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
    """Each environment is described as it was found now. Safe to repeat."""
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
    """Return the names that an assignment can have: set here, or told by a worker."""
    told = RunnerEnvironment.objects.values_list("name", flat=True)
    return sorted({*settings.RUNNER_ENVIRONMENTS, *told})


def installed_modules() -> dict[str, frozenset[str]]:
    """Return the modules that can be imported in each environment, by its name.

    As a worker told last; the interpreters of this host are asked where none has.
    """
    told = told_modules()
    for name, interpreter in settings.RUNNER_ENVIRONMENTS.items():
        if name not in told and (here := _modules_here(interpreter)):
            told[name] = here
    return told


def told_modules() -> dict[str, frozenset[str]]:
    """Return the modules of each environment of which a worker has told them."""
    rows = RunnerEnvironment.objects.exclude(modules=[])
    return {row.name: frozenset(row.modules) for row in rows}


@lru_cache(maxsize=8)
def _modules_here(interpreter: str) -> frozenset[str]:
    """Return what the interpreter of this host can import; nothing if it is not there."""
    found = next(environments_in({"": interpreter}), None)
    return frozenset(found.modules if found else ())
