"""The addresses at which probes and monitors ask whether the portal works.

They are answered before all other middleware (portal.middleware.answer_probes), so that
a probe may ask by plain HTTP and by IP address. They name nobody and say no details.
"""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import health_checks
from portal.timed_checks import run_checks


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 if this process reaches its database, or 503."""
    found = run_checks([health_checks.DATABASE], seconds=health_checks.ANSWER_SECONDS)
    if any(found.values()):
        return HttpResponse("no database\n", "text/plain", 503)
    return HttpResponse("ok\n", "text/plain")


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Answer with the state of each part of the portal.

    The status is 503 if this process can show no page or store no work. If only others
    fail, such as all workers, it is 200: to take the web away too would help nobody.
    With `?strict`, for a monitor, any failing part makes it 503.
    """
    found = health_checks.find_problems()
    failing = {name for name, problems in found.items() if problems}
    needed = {check.name for check in health_checks.NEEDED}
    status = "degraded" if failing else "ok"
    if failing & needed:
        status = "unavailable"
    refused = bool(failing if "strict" in request.GET else failing & needed)
    return JsonResponse(
        {
            "status": status,
            "checks": {name: "failing" if name in failing else "ok" for name in found},
        },
        status=HTTPStatus.SERVICE_UNAVAILABLE if refused else HTTPStatus.OK,
    )
