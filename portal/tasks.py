"""The periodic tasks that Celery beat starts. Missing one of them harms nothing."""

import datetime as dt

import structlog
from celery import shared_task
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from courses.services.mailing import mail_due_announcements
from grading.services import sweep
from portal.leftovers import discard_leftovers
from storage import orphans
from storage.orphans import CollectionRefusedError
from storage.shared_store import WrongStoreError
from storage.store_errors import StoreUnreachableError

log = structlog.get_logger(__name__)


@shared_task(name="portal.clear_sessions")
def clear_sessions() -> None:
    """Delete the sessions that have expired."""
    call_command("clearsessions")


@shared_task(name="portal.discard_uploads")
def discard_uploads() -> None:
    """Delete what killed processes and previews have left for at least a day."""
    discard_leftovers()


@shared_task(name="portal.collect_orphans")
def collect_orphans() -> None:
    """Let stored content go that no row names, unless the setting turns it off."""
    if not settings.COLLECT_ORPHANS:
        return
    try:
        orphans.collect_orphans(
            grace=dt.timedelta(days=settings.ORPHAN_DAYS), is_dry=False
        )
    except (CollectionRefusedError, WrongStoreError, StoreUnreachableError) as error:
        log.error("orphans_not_collected", words=str(error))  # noqa: TRY400  (no traceback)


@shared_task(name="portal.sweep_queue")
def sweep_queue() -> None:
    """Sweep once; the workers also sweep by themselves."""
    sweep()


@shared_task(name="portal.mail_announcements")
def mail_announcements() -> None:
    """Mail the announcements that are due, each once."""
    mail_due_announcements(now=timezone.now())
