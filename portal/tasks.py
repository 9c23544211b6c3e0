"""The periodic tasks that Celery beat starts. Missing one of them harms nothing."""

import datetime as dt

import structlog
from celery import shared_task
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from accounts.actors import SYSTEM
from courses.services.mailing import mail_due_announcements
from grading import services
from grading.services.old_weights import remove_all_old_weights
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


@shared_task(name="portal.drop_self_check_files")
def drop_self_check_files() -> None:
    """Let the files of old self-checks go."""
    services.drop_self_check_files(actor=SYSTEM, now=timezone.now())


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


@shared_task(name="portal.remove_old_weights")
def remove_old_weights() -> None:
    """Remove the weights of attempts that do not count, where a course says so."""
    remove_all_old_weights(now=timezone.now())


@shared_task(name="portal.sweep_queue")
def sweep_queue() -> None:
    """Sweep once; the workers also sweep by themselves."""
    services.sweep()


@shared_task(name="portal.mail_announcements")
def mail_announcements() -> None:
    """Mail the announcements that are due, each once."""
    mail_due_announcements(now=timezone.now())
