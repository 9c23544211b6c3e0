"""The view of the style guide."""

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courses.models import Course


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Show every component. Only routed while DEBUG is on."""
    now = timezone.now()
    sample = Course(
        title="Deep Learning", slug="sample", module_codes=["70010"], time_zone="UTC"
    )
    sprite = (settings.BASE_DIR / "static/img/icons.svg").read_text()
    context = {
        "now": now,
        "course": sample,
        "icons": re.findall(r'symbol id="([^"]+)"', sprite),
    }
    return render(request, "portal/style.html", context)
