"""The API's view of the person who sends the request."""

from dataclasses import dataclass

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import MeSerializer
from accounts.api.strict import StrictAPIView
from accounts.http import sender
from accounts.models import ApiToken, User


@dataclass(frozen=True, kw_only=True)
class Me:
    """A signed-in person, and the scopes of their token; None for a session."""

    person: User
    scopes: list[str] | None


class MeView(StrictAPIView):
    """The person whose session or token this is: a check that a token works."""

    @extend_schema(operation_id="me", summary="Who is asking", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Return the person whose token or session this is."""
        token = request.auth
        scopes = token.scopes if isinstance(token, ApiToken) else None
        return Response(MeSerializer(Me(person=sender(request), scopes=scopes)).data)
