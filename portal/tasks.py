"""Work that Celery's clock reminds a worker of. Missing a turn harms nothing."""

from django.core.management import call_command

from grading.services import sweep
from portal.celery import short_task


@short_task
def clear_sessions() -> None:
    """Delete the sessions that have expired."""
    call_command("clearsessions")


@short_task
def sweep_queue() -> None:
    """Sweep once; the workers also do it by themselves."""
    sweep()
