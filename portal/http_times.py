"""How long this process takes to answer requests, for the metrics.

gunicorn's processes share these numbers through files in PROMETHEUS_MULTIPROC_DIR,
which portal/gunicorn.py sets before Django is loaded.
"""

import time
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponseBase
from prometheus_client import Counter, Histogram

_LIMITS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
# The views that store what students hand in.
_HAND_INS: Final = frozenset({"grading:submit", "api:submission-list"})

SECONDS: Final = Histogram(
    "softmark_http_request_seconds",
    "Time from the whole request to the first byte of the answer.",
    ["view", "method", "status"],
    buckets=_LIMITS,
)
UPLOADS: Final = Counter(
    "softmark_uploads",
    "Requests with which students hand in.",
    ["status"],
)
UPLOADED: Final = Counter(
    "softmark_upload_bytes", "Bytes of these requests, whether accepted or refused."
)


def measure_requests(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Count each request with the time that its answer took.

    SECURITY: the label is the name of the view, never the address, which holds names of
    courses and of people.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        begun = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        view = (match.view_name if match else "") or "none"
        method = str(request.method)
        status = f"{response.status_code // 100}xx"
        SECONDS.labels(
            view=view,
            method=method if method in _METHODS else "other",
            status=status,
        ).observe(time.perf_counter() - begun)
        if method == "POST" and view in _HAND_INS:
            UPLOADS.labels(status=status).inc()
            UPLOADED.inc(_length(request))
        return response

    return answer


def _length(request: HttpRequest) -> int:
    length = str(request.META.get("CONTENT_LENGTH") or "")
    return int(length) if length.isdecimal() else 0
