"""What a token's scopes allow, in addition to the rights of its owner."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import ApiToken


class TokenScope(BasePermission):
    """Lets a token read with the scope `read`, and write with the view's `write_scope`.

    A view without a `write_scope` accepts no writes by token. A view may let other
    scopes read: `read_scopes`. Sessions have no scopes: for them this permission always
    allows.
    """

    message = "This token's scopes do not allow that."
    code = "scope_missing"

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the request has no token, or a token with the right scope."""
        token = request.auth
        if not isinstance(token, ApiToken):
            return True
        if request.method in SAFE_METHODS:
            allowed = getattr(view, "read_scopes", (ApiToken.Scope.READ,))
            return not set(allowed).isdisjoint(token.scopes)
        return getattr(view, "write_scope", None) in token.scopes
