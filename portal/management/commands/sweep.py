"""`manage.py sweep`: one pass of the sweeper, for a timer or by hand."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from grading.services import sweep


class Command(BaseCommand):
    """Does once what every worker does every SWEEP_SECONDS."""

    help = "End expired leases, wake workers for forgotten runs, and report runs that wait too long."

    def handle(self, *args: Any, **options: Any) -> None:
        report = asdict(sweep())
        self.stdout.write(" ".join(f"{name}={value}" for name, value in report.items()))
