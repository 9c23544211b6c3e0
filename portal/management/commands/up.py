"""`manage.py up`: the whole portal in one command."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.supervisor.broker import BrokerMissingError
from portal.supervisor.console import Console
from portal.supervisor.lock import AlreadyRunningError, hold_lock
from portal.supervisor.ports import refusal
from portal.supervisor.programs import programs, run_dir, site_url
from portal.supervisor.supervisor import Supervisor


class Command(BaseCommand):
    """Runs broker, web, worker and beat until Ctrl-C or SIGTERM."""

    help = "Run broker, web server, worker and beat until Ctrl-C."
    # They import every page; `prepare` runs them, and the supervisor stays small.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", default=os.environ.get("PORT") or "8000")
        parser.add_argument("--bind", default=os.environ.get("BIND") or "127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        bind, port = options["bind"], options["port"]
        try:
            # Held until this process ends.
            lock = hold_lock(run_dir() / "up.lock")
            if reason := refusal(bind, port):
                raise CommandError(reason)
            to_run = programs(bind=bind, port=int(port))
        except (AlreadyRunningError, BrokerMissingError) as error:
            raise CommandError(str(error)) from None
        console = Console()
        supervisor = Supervisor(to_run, console=console)
        status = supervisor.run(when_ready=lambda: greet(console, int(port)))
        os.close(lock)
        sys.exit(status)


def greet(console: Console, port: int) -> None:
    """Say where the portal is and who may sign in."""
    console.plain("")
    console.plain(f"  Softmark is ready at {site_url(port)}")
    console.plain("  Ctrl-C stops it.")
    console.plain("")
