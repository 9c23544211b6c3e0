"""Say whether database, store of files and broker answer and belong together."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from grading.worker.service_checks import service_states
from storage.shared_store import WrongStoreError, adopt_store
from storage.store_errors import StoreUnreachableError


class Command(BaseCommand):
    """`manage.py check_services`: 0 if all is well for this machine, else 1."""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--adopt",
            action="store_true",
            help="record store and broker of the settings as this database's own",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["adopt"]:
            try:
                adopt_store()
            except (StoreUnreachableError, WrongStoreError) as error:
                raise CommandError(f"The store was not recorded: {error}") from error
        faults = 0
        for state in service_states(is_adopted=options["adopt"]):
            faults += not state.is_fine
            style = self.style.SUCCESS if state.is_fine else self.style.ERROR
            mark = style("ok    " if state.is_fine else "FAULT ")
            self.stdout.write(f"{mark}  {state.service:<10}{state.words}")
        if faults:
            raise CommandError("This machine does not work with the others yet.")
