"""The page where anybody verifies a receipt, and the public keys for doing so alone."""

import math
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.throttles import VerifyThrottle, seconds_to_wait
from courses.views.import_uploads import with_retry_after
from formats.receipt_text import public_pem
from submissions.forms.verify import VerifyForm
from submissions.models import ReceiptKey
from submissions.receipt_keys import public_key_of
from submissions.signed_receipts import Verification, verify_receipt

UNPROCESSABLE: Final = 422


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Say what a receipt proves. It is for everybody, signed in or not.

    SECURITY: only the signature is checked. Whether there is such a submission or
    person is not asked, so nothing can be found out here.
    """
    if request.method != "POST":
        return _page(request, VerifyForm())
    if wait := seconds_to_wait(VerifyThrottle, request):
        form = VerifyForm(request.POST, request.FILES)
        minutes = math.ceil(wait / 60)
        form.add_error(
            None,
            "Many receipts were verified from here in a short time. Try again in "
            f"{minutes} min.",
        )
        return with_retry_after(_page(request, form), wait)
    form = VerifyForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    return _page(request, form, verify_receipt(form.text))


@require_safe
def receipt_keys(request: HttpRequest) -> HttpResponse:
    """Send the public keys in PEM, each with its name, for verifying offline."""
    rows = [
        f"# {key.name}{_distrusted(key)}\n{public_pem(public_key_of(key))}"
        for key in ReceiptKey.objects.all()
    ]
    return HttpResponse("\n".join(rows), content_type="text/plain; charset=utf-8")


def _distrusted(key: ReceiptKey) -> str:
    at = key.distrusted_at
    return "" if at is None else f", not to be trusted since {at:%Y-%m-%d}"


def _page(
    request: HttpRequest, form: VerifyForm, verification: Verification | None = None
) -> HttpResponse:
    context = {"form": form, "verification": verification}
    status = UNPROCESSABLE if form.errors else None
    return render(request, "submissions/verify.html", context, status=status)
