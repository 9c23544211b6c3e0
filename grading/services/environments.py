"""What is installed in the workers' environments, for pages to show."""

from collections.abc import Iterable

from django.conf import settings
from django.utils import timezone

from accounts.actors import System
from grading.environments import FoundEnvironment
from grading.models import RunnerEnvironment


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
                "level": level,
                "recorded_at": timezone.now(),
            },
        )


def environment_names() -> list[str]:
    """Return the names that an assignment can have: set here, or told by a worker."""
    told = RunnerEnvironment.objects.values_list("name", flat=True)
    return sorted({*settings.RUNNER_ENVIRONMENTS, *told})
