"""`manage.py discard_uploads`: delete leftovers of uploads, for a timer or by hand."""

from typing import Any

from django.core.management.base import BaseCommand

from portal.leftovers import discard_leftovers


class Command(BaseCommand):
    """Does once on this machine what beat starts every day on one of the workers."""

    help = "Delete uploads that were broken off or not confirmed, after a day."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"deleted={discard_leftovers()}")
