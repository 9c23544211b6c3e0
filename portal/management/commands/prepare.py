"""`manage.py prepare`: folders, tables, static files and the demo course."""

from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.supervisor.lock import AlreadyRunningError, hold_lock
from portal.supervisor.programs import run_dir


class Command(BaseCommand):
    """Leaves everything ready for `up`. Safe to repeat; nothing is overwritten."""

    help = "Make folders, migrate, collect static files, and add the demo course."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-demo", action="store_true", help="leave the demo course out"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        settings.VAR_DIR.mkdir(mode=0o750, parents=True, exist_ok=True)
        try:
            hold_lock(run_dir() / "up.lock")
        except AlreadyRunningError as error:
            raise CommandError(str(error)) from None
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        if not options["no_demo"] and "demo" in get_commands():
            call_command("demo", if_fresh=True, verbosity=0)
