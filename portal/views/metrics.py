"""The address at which Prometheus reads the portal's numbers."""

import os
from collections.abc import Iterator
from concurrent.futures import wait
from ipaddress import ip_address
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from portal.database_metrics import DatabaseCollector
from portal.health_checks import ANSWER_SECONDS
from portal.timed_checks import TimedCall

# A proxy on this machine adds at least one of these to the requests of others.
_FORWARDED: Final = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED_",
    "HTTP_X_REAL_IP",
)
_REFUSED: Final = "Set METRICS_TOKEN, and send it as: Authorization: Bearer TOKEN.\n"


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the portal's numbers in the text format of Prometheus.

    While the database is away, those that stand in it are left out.
    """
    if not _may_read(request):
        return HttpResponse(_REFUSED, "text/plain", 403)
    answer = _DATABASE.begin()
    wait([answer], timeout=ANSWER_SECONDS)
    is_there = answer.done() and answer.exception() is None
    stored = answer.result() if is_there else b""
    body = _own_numbers(is_there=is_there) + stored
    return HttpResponse(body, CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    """Return whether the request has the token, or comes from this machine.

    SECURITY: behind a proxy, requests of the whole world come from this machine. So
    without a token, only a portal that serves nothing but its own machine answers.
    """
    if settings.METRICS_TOKEN:
        sent = request.headers.get("Authorization", "")
        return constant_time_compare(sent, f"Bearer {settings.METRICS_TOKEN}")
    if settings.BEHIND_PROXY or not settings.SITE_IS_LOCAL:
        return False
    if any(name.startswith(_FORWARDED) for name in request.META):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class _DatabaseUp(Collector):
    """Says whether the database answers."""

    def __init__(self, *, is_there: bool) -> None:
        self._is_there = is_there

    def collect(self) -> Iterator[Metric]:
        """Yield the one number, as it is now and not as this process has stored it."""
        yield GaugeMetricFamily(
            "softmark_database_up",
            "1 if the database answers.",
            value=float(self._is_there),
        )


def _own_numbers(*, is_there: bool) -> bytes:
    """Return the numbers of this machine's web processes."""
    registry = CollectorRegistry()
    registry.register(_DatabaseUp(is_there=is_there))
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(registry) + generate_latest(REGISTRY)
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _stored_numbers() -> bytes:
    registry = CollectorRegistry()
    registry.register(DatabaseCollector())
    return generate_latest(registry)


_DATABASE: Final = TimedCall("metrics", _stored_numbers)
