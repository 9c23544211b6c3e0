"""A person's calendar: its settings page, and the feed for calendar programs."""

import hashlib
from urllib.parse import urlsplit

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.http import SignedInRequest
from accounts.throttles import TokenCreationThrottle, seconds_to_wait
from courses.calendar.services import (
    calendar_file,
    feed_by_secret,
    note_feed_use,
    renew_feed,
    revoke_feed,
)
from courses.models import CalendarFeed

TOO_MANY_REQUESTS = 429


@login_required
@require_safe
def calendar(request: SignedInRequest) -> HttpResponse:
    """Show what the calendar is, and whether it has an address."""
    return _page(request)


@login_required
@never_cache
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types
def calendar_renew(request: SignedInRequest) -> HttpResponse:
    """Give the calendar a new address, and show it once; a GET leads back to the page.

    SECURITY: as for an API token, the password is asked for again: the address outlives
    the session, and tells where a person is and how much more time they have.
    """
    if request.method != "POST":
        return redirect("courses:calendar")
    if wait := seconds_to_wait(TokenCreationThrottle, request):
        messages.error(
            request, "You have made many addresses in a short time. Try again later."
        )
        answer = _page(request, status=TOO_MANY_REQUESTS)
        answer["Retry-After"] = str(wait)
        return answer
    return _page(request, secret=renew_feed(actor=request.user))


@login_required
@require_POST
def calendar_revoke(request: SignedInRequest) -> HttpResponse:
    """Revoke the calendar's address."""
    revoke_feed(actor=request.user)
    messages.success(request, "The address of your calendar no longer works.")
    return redirect("courses:calendar")


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Send what the owner of the secret sees now, as iCalendar, without sign-in.

    SECURITY: 404 in the same way for an address that was revoked, one that never
    existed, and one whose owner's account is closed.
    """
    now = timezone.now()
    found = feed_by_secret(secret)
    if found is None:
        raise Http404
    note_feed_use(feed=found, now=now)
    content = calendar_file(found.user, now)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    answer = HttpResponse(content, "text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="softmark.ics"'
    answer["Cache-Control"] = "private, no-cache"
    answer["X-Robots-Tag"] = "noindex"
    answer["ETag"] = etag
    conditional = get_conditional_response(request, etag=etag, response=answer)
    return answer if conditional is None else conditional


def _page(
    request: SignedInRequest, *, secret: str = "", status: int = 200
) -> HttpResponse:
    path = reverse("courses:feed", args=[secret]) if secret else ""
    site = urlsplit(settings.SITE_URL)
    context = {
        "section": "calendar",
        "feed": CalendarFeed.objects.filter(user=request.user).first(),
        "address": f"{site.scheme}://{site.netloc}{path}" if secret else "",
        # With this scheme a browser opens the address in a calendar program.
        "webcal": f"webcal://{site.netloc}{path}",
    }
    return render(request, "courses/calendar.html", context, status=status)
