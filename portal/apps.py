"""The project's own application: it ties Celery to Django and registers checks."""

from django.apps import AppConfig

from portal import checks
from portal.celery import app as celery_app

__all__ = ["PortalConfig", "celery_app", "checks"]


class PortalConfig(AppConfig):
    """Imported by every process, so that wake-ups go to our broker, not to a default."""

    name = "portal"
