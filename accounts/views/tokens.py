"""The views of a person's own API tokens."""

from typing import Final

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.forms.tokens import TokenForm
from accounts.http import SignedInRequest
from accounts.services import create_token, revoke_token
from accounts.throttles import TokenCreationThrottle, seconds_to_wait

BAD_REQUEST: Final = 400
TOO_MANY_REQUESTS: Final = 429


@login_required
@require_safe
def tokens(request: SignedInRequest) -> HttpResponse:
    """List the person's tokens, with the form for a new one."""
    return _page(request, TokenForm())


@login_required
@never_cache
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types
def token_create(request: SignedInRequest) -> HttpResponse:
    """Create a token and show its secret, this once; a GET leads to the list.

    SECURITY: the password or second factor is asked for again, so that a borrowed
    session cannot be turned into a token that outlives it.
    """
    if request.method != "POST":
        return redirect("accounts:tokens")
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=BAD_REQUEST)
    if wait := seconds_to_wait(TokenCreationThrottle, request):
        form.add_error(
            None, "You have made many tokens in a short time. Try again later."
        )
        answer = _page(request, form, status=TOO_MANY_REQUESTS)
        answer["Retry-After"] = str(wait)
        return answer
    _, secret = create_token(
        actor=request.user,
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        expires_at=form.expires_at,
    )
    return _page(request, TokenForm(), new_secret=secret)


@login_required
@require_POST
def token_revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    """Revoke one of the person's own tokens."""
    token = get_object_or_404(request.user.api_tokens, pk=pk)
    revoke_token(actor=request.user, token=token)
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("accounts:tokens")


def _page(
    request: SignedInRequest,
    form: TokenForm,
    *,
    new_secret: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "tokens": request.user.api_tokens.all(),
        "form": form,
        "new_secret": new_secret,
    }
    return render(request, "accounts/tokens.html", context, status=status)
