"""The project's own application: it ties Celery to Django and registers checks."""

from django.apps import AppConfig
from django.conf import settings

from portal import checks
from portal.celery import app as celery_app

__all__ = ["PortalConfig", "celery_app", "checks"]


class PortalConfig(AppConfig):
    """Imported by every process, so that wake-ups go to our broker, not the default."""

    name = "portal"

    def ready(self) -> None:
        """Create the portal's own folders; no other user may read them."""
        for folder in settings.OWN_FOLDERS:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
