"""`manage.py up`: the whole portal in one command."""

import io
import os
import sys
import textwrap
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from portal.demo.building import find_demo
from portal.supervisor.broker_process import BrokerMissingError
from portal.supervisor.console import Console
from portal.supervisor.lock import AlreadyRunningError, hold_lock
from portal.supervisor.ports import why_not_listening
from portal.supervisor.programs import programs, run_dir
from portal.supervisor.supervisor import Supervisor


class Command(BaseCommand):
    """Runs broker, web, worker and beat until Ctrl-C or SIGTERM."""

    help = "Run broker, web server, worker and beat until Ctrl-C."
    # The checks import every page. `prepare` runs them, so that the supervisor stays
    # small.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            # The lock is held until this process ends.
            lock = hold_lock(run_dir() / "up.lock")
            if reason := why_not_listening(settings.BIND, str(settings.PORT)):
                raise CommandError(reason)
            to_run = programs()
        except (AlreadyRunningError, BrokerMissingError) as error:
            raise CommandError(str(error)) from None
        console = Console()
        status = Supervisor(to_run, console=console).run(
            when_ready=lambda: greet(console)
        )
        os.close(lock)
        sys.exit(status)


def greet(console: Console) -> None:
    """Print where the portal is and who may sign in."""
    console.plain(f"\n  Softmark is ready: {settings.SITE_URL}\n")
    if find_demo() is not None:
        told = io.StringIO()
        call_command("demo", stdout=told, skip_checks=True)
        # The first line only says that the demo course is there already.
        accounts = told.getvalue().partition("\n")[2].rstrip()
        console.plain("  Sign in to the demo course as one of these:\n")
        console.plain(f"{textwrap.indent(accounts, '  ')}\n")
    connections.close_all()
    console.plain("  Ctrl-C stops it.\n")
