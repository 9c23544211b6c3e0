"""Make a new key for signing receipts. Receipts of earlier keys stay valid."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from submissions.exceptions import KeyUnavailableError
from submissions.receipt_keys import rotate_key


class Command(BaseCommand):
    """`manage.py rotate_receipt_key`: replaces the private key of this machine."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--distrust-earlier",
            action="store_true",
            help="somebody may have had a private key: no receipt of an earlier key "
            "proves anything from now on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rotate_key(is_distrusted=options["distrust_earlier"])
        except KeyUnavailableError as error:
            raise CommandError(
                "The file RECEIPT_KEY_FILE cannot be read, or its folder cannot be "
                "written."
            ) from error
        self.stdout.write(f"Receipts are now signed with the key {done.name}.")
        for name in done.distrusted:
            self.stdout.write(f"Receipts of the key {name} prove nothing any more.")
