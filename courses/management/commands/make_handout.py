"""The command `manage.py make_handout FOLDER`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from formats.assignment import ImportRefusedError, write_handout


class Command(BaseCommand):
    help = "Write handout.ipynb: staff.ipynb without solutions and outputs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder with staff.ipynb")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            path = write_handout(options["folder"])
        except ImportRefusedError as error:
            raise CommandError(f"Nothing was written.\n{error}") from error
        self.stdout.write(f"{path} has been written.")
