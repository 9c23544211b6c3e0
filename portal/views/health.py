"""The view that says whether this process works."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

UNAVAILABLE = 503


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 if this process reaches its database, or 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("no database\n", "text/plain", UNAVAILABLE)
    return HttpResponse("ok\n", "text/plain")
