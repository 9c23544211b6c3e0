"""The tokens and errors in the API's OpenAPI description."""

from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers

DOWNLOAD: Final = {(200, "application/octet-stream"): OpenApiTypes.BINARY}


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """`Authorization: Bearer sm_…`."""

    target_class = "accounts.authentication.ApiTokenAuthentication"
    name = "apiToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the scheme as OpenAPI writes it."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from the account page. It starts with `sm_`.",
        }


class ErrorSerializer(serializers.Serializer[Any]):
    """One thing that is wrong."""

    code = serializers.CharField(help_text="For programs. It stays the same.")
    detail = serializers.CharField(
        help_text="For people: what is wrong and what to do."
    )
    attr = serializers.CharField(
        allow_null=True,
        help_text="The field, file or parameter that is wrong, if there is one.",
    )


class ErrorResponseSerializer(serializers.Serializer[Any]):
    """The answer to every refused request."""

    type = serializers.ChoiceField(
        choices=["validation_error", "client_error", "server_error"]
    )
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]  # a field here, not the property
