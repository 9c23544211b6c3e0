"""Report how well this host isolates notebooks, and test it by attacking the jail."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from runner.host.doctor import examine
from runner.host.isolation_levels import Capabilities, advice
from runner.host.runner import Backend, NotIsolatedError, Runner, capabilities


class Command(BaseCommand):
    """`manage.py doctor`: 0 if the jail holds at RUNNER_MIN_LEVEL, else 1."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        backend = Backend(settings.RUNNER_BACKEND)
        found = capabilities(backend)
        self._describe(backend, found)
        try:
            runner = Runner(
                {"default": settings.RUNNER_ENVIRONMENTS.get("default", "")},
                backend=backend,
                spares=0,
            )
        except NotIsolatedError as error:
            raise CommandError(f"Jobs cannot be isolated here: {error}.") from error
        try:
            broken = self._attack(runner)
        finally:
            runner.close()
        if broken:
            raise CommandError(
                f"The jail does not hold: {broken} attacks were successful. Do not "
                "run notebooks on this host."
            )
        self._conclude(found)

    def _describe(self, backend: Backend, found: Capabilities) -> None:
        groups = found.hierarchy
        for name, value in (
            ("backend", backend.value),
            ("jail", found.missing or ("can be made" if found.is_jailed else "none")),
            ("Landlock", f"version {found.landlock}" if found.landlock else "none"),
            ("control groups", f"version {groups.version}" if groups else "none"),
        ):
            self.stdout.write(f"{name:<16}{value}")

    def _attack(self, runner: Runner) -> int:
        """Print the result of each attack; return how many were successful."""
        self.stdout.write("\nAttacks on the jail:")
        broken = 0
        for finding in examine(runner):
            broken += not finding.held
            mark = (
                self.style.SUCCESS("held  ")
                if finding.held
                else self.style.ERROR("BROKEN")
            )
            more = "" if finding.held else f" ({finding.detail})"
            self.stdout.write(f"  {mark}  {finding.name}{more}")
        return broken

    def _conclude(self, found: Capabilities) -> None:
        self.stdout.write(self.style.SUCCESS(f"\nThis host isolates at {found.level}."))
        for words in advice(found):
            self.stdout.write(f"  {words}")
        if int(found.level.removeprefix("L")) < settings.RUNNER_MIN_LEVEL:
            raise CommandError(
                "A worker does not start here, because RUNNER_MIN_LEVEL asks for "
                f"L{settings.RUNNER_MIN_LEVEL}."
            )
