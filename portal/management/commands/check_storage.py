"""Compare the rows of the database with the stored files, both ways."""

from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.template.defaultfilters import filesizeformat

from storage.consistency import ContentFault, StorageReport, check_storage
from storage.shared_store import WrongStoreError
from storage.store_errors import StoreUnreachableError

_SAMPLE: Final = 100
_FOUND: Final = 1
_NOT_CHECKED: Final = 2
_WHAT_TO_DO: Final = (
    "Stored files that are not as the database says: {count}. Restore each from a "
    "backup: in the store, it lies under the first two digits of its hash, the next "
    "two, and the whole hash. If nobody has a copy, ask whoever handed it in: storing "
    "the same content again repairs it. Runs that need such a file go to staff, and no "
    "mark changes."
)


class Command(BaseCommand):
    """`manage.py check_storage`: for a timer and a monitor. It changes nothing."""

    help = (
        f"{__doc__} Exit status: 0 if all is well, {_FOUND} if files are missing or "
        f"damaged, {_NOT_CHECKED} if it could not be checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--sample",
            type=int,
            default=_SAMPLE,
            metavar="N",
            help=f"read N files, chosen at random, and compare their hashes ({_SAMPLE})",
        )
        which.add_argument(
            "--all", action="store_true", help="read all files, which can take hours"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        sample = None if options["all"] else max(options["sample"], 0)
        try:
            report = check_storage(sample=sample, on_fault=self._tell)
        except (WrongStoreError, StoreUnreachableError, DatabaseError) as error:
            raise CommandError(
                f"The files were not checked. {error}", returncode=_NOT_CHECKED
            ) from error
        for line in _lines(report):
            self.stdout.write(line)
        if report.faults:
            words = _WHAT_TO_DO.format(count=report.faults)
            raise CommandError(words, returncode=_FOUND)

    def _tell(self, fault: ContentFault) -> None:
        self.stdout.write(f"{fault.kind}: {fault.sha256}, named by {fault.place}")


def _lines(report: StorageReport) -> list[str]:
    return [
        f"{report.named} files are named by the database",
        (
            f"{report.stored} files, {_size(report.stored_bytes)}, are in the store, "
            f"{report.aside} of them aside"
        ),
        (
            f"{report.orphans} files, {_size(report.orphan_bytes)}, are named by no "
            "row: manage.py collect_orphans lets them go"
        ),
        f"{report.hashed} files, {_size(report.hashed_bytes)}, were read",
    ]


def _size(count: int) -> str:
    return f"{count} bytes ({filesizeformat(count)})"
