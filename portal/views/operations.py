"""The view of the operations page, for site staff."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from portal.pages.operations import operations_page


@login_required
@require_safe
def operations(request: SignedInRequest) -> HttpResponse:
    """Show site staff how the portal's parts are."""
    # SECURITY: it shows runs of every course. Course staff may enter the admin too, so
    # `is_staff` is not enough.
    if not request.user.is_superuser:
        raise PermissionDenied
    now = timezone.now()
    return render(request, "portal/operations.html", {"page": operations_page(now)})
