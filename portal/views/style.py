"""The view of the style guide."""

import re
from decimal import Decimal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courses.models import Course
from grading.points_bar import divided


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
        "bar": divided(
            total=Decimal(24), earned=Decimal(9), hidden=Decimal(5), by_hand=Decimal(4)
        ),
        "icons": re.findall(r'symbol id="([^"]+)"', sprite),
    }
    return render(request, "portal/style.html", context)
