"""`manage.py prepare`: folders, tables, static files, a key, and the demo course."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.supervisor.lock import AlreadyRunningError, hold_lock
from portal.supervisor.programs import run_dir
from submissions.exceptions import KeyUnavailableError
from submissions.receipt_keys import signing_key


class Command(BaseCommand):
    """Prepares everything that `up` needs. Safe to repeat; nothing is overwritten."""

    help = "Make folders, migrate, collect static files, and add the demo course."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-demo", action="store_true", help="do not add the demo course"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # A folder that existed before may be open to everybody.
        settings.VAR_DIR.chmod(settings.VAR_DIR.stat().st_mode & 0o750)
        try:
            hold_lock(run_dir() / "up.lock")
        except AlreadyRunningError as error:
            raise CommandError(str(error)) from None
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        # The key is made now, so that the first backup has it.
        try:
            signing_key()
        except KeyUnavailableError:
            raise CommandError("RECEIPT_KEY_FILE cannot be read or made.") from None
        collect_static()
        if not options["no_demo"]:
            call_command("demo", if_fresh=True, verbosity=0)


def collect_static() -> None:
    """Collect the static files of this release in STATIC_ROOT, if one has changed.

    Hashing and compressing them takes seconds.
    """
    stamp = Path(settings.STATIC_ROOT) / "collected"
    state = static_state()
    if stamp.is_file() and stamp.read_text() == state:
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(state)


def static_state() -> str:
    """Return a digest of every static file's name, size and time."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
