"""Say which stored content no row names; with --delete, let it go."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from storage.orphans import CollectionRefusedError, OrphanReport, collect_orphans
from storage.shared_store import WrongStoreError
from storage.store_errors import StoreUnreachableError


class Command(BaseCommand):
    """`manage.py collect_orphans`: only looks, unless it is told to delete."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--delete",
            action="store_true",
            help="set orphans aside, and remove those that were set aside long ago",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="do it also if the database may be older than the store",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = collect_orphans(
                grace=dt.timedelta(days=settings.ORPHAN_DAYS),
                is_dry=not options["delete"],
                is_forced=options["force"],
            )
        except (
            CollectionRefusedError,
            WrongStoreError,
            StoreUnreachableError,
        ) as error:
            raise CommandError(str(error)) from error
        for line in _lines(report, is_dry=not options["delete"]):
            self.stdout.write(line)


def _lines(report: OrphanReport, *, is_dry: bool) -> list[str]:
    days = settings.ORPHAN_DAYS
    lines = [
        f"{report.blobs} files in the store; {report.old} are older than {days} days",
        f"{report.orphans} of these, {_size(report.orphan_bytes)}, are named by no row",
        f"{report.aside} more lie aside",
        f"{report.due} of these, {_size(report.due_bytes)}, since {days} days or longer",
    ]
    if not is_dry:
        done = (report.set_aside, report.removed, report.brought_back)
        return [*lines, "set aside {}, removed {}, brought back {}".format(*done)]
    if report.refusal:
        lines.append(f"--delete would refuse: {report.refusal}")
    return [*lines, "Nothing was changed. --delete sets orphans aside."]


def _size(count: int) -> str:
    return f"{count} bytes ({filesizeformat(count)})"
