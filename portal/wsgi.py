"""The WSGI entry point: `gunicorn portal.wsgi`."""

import os
from collections.abc import Iterable
from typing import Any, Final

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# How long a request's thread waits for a client that neither sends nor receives.
STALL_SECONDS: Final = 30

_portal = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a request, and give it up if its client stalls.

    Gunicorn itself waits for ever, so a few connections that send half a form would
    hold every thread.
    """
    connection = environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(STALL_SECONDS)
    return _portal(environ, start_response)
