"""What a token's scopes allow, on top of what its owner may do."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import ApiToken


class TokenScope(BasePermission):
    """Lets a token read with `read`, and write with the view's `write_scope` only.

    A view that names no `write_scope` takes no writes by token. Sessions have no
    scopes: for them this asks nothing.
    """

    message = "This token's scopes do not allow that."
    code = "scope_missing"

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the request came without a token, or with one of the right scope."""
        token = request.auth
        if not isinstance(token, ApiToken):
            return True
        if request.method in SAFE_METHODS:
            return ApiToken.Scope.READ in token.scopes
        return getattr(view, "write_scope", None) in token.scopes
