"""A parser of short JSON bodies that cannot exhaust memory or the stack."""

import json
from collections.abc import Mapping
from typing import IO, Any, Final

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MOST_BYTES: Final = 64 * 1024


class BodyTooLong(APIException):
    """The body is longer than any that the portal's own clients send."""

    status_code = 413
    default_code = "request_too_large"
    default_detail = "The body is longer than 64 KB."


class ShortJsonParser(BaseParser):
    """Reads an object of at most MOST_BYTES.

    SECURITY: the framework's own parser reads a body of any length, and a deeply nested
    one ends in an error of the portal.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the object. Raises ParseError and BodyTooLong."""
        data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise BodyTooLong
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not valid JSON.") from error
        if not isinstance(value, dict):
            raise ParseError("The body must be a JSON object.")
        return value
