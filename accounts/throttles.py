"""Limits on how often a person may do what costs the portal something."""

import math
from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView


class TokenCreationThrottle(UserRateThrottle):
    """New API tokens."""

    scope = "token-create"
    rate = "20/hour"


class SubmitThrottle(UserRateThrottle):
    """Work handed in, through the page and the API together."""

    scope = "submit"
    rate = "60/hour"


class SelfCheckThrottle(UserRateThrottle):
    """Files sent to be checked before they are handed in."""

    scope = "self-check"
    rate = "60/hour"


class ChoiceThrottle(UserRateThrottle):
    """Choices of the attempt that counts."""

    scope = "choose"
    rate = "60/hour"


class OpeningThrottle(UserRateThrottle):
    """Attempts opened, whose files then arrive in pieces."""

    scope = "open"
    rate = "60/hour"


class BulkDownloadThrottle(UserRateThrottle):
    """Zips with everybody's work."""

    scope = "bulk-download"
    rate = "30/hour"


class VerifyThrottle(UserRateThrottle):
    """Receipts verified, by address for people who have not signed in."""

    scope = "verify"
    rate = "120/hour"


class ImportThrottle(UserRateThrottle):
    """Assignments uploaded by staff."""

    scope = "import"
    rate = "60/hour"


def seconds_to_wait(kind: type[UserRateThrottle], request: HttpRequest) -> int:
    """Count this request and return 0, or the seconds to wait if it is one too many.

    This is for pages; API views name the class in `throttle_classes`. A throttle reads
    only the user and the address of a request, which both kinds of request have.
    """
    throttle = kind()
    if throttle.allow_request(cast("Request", request), cast("APIView", None)):
        return 0
    return math.ceil(throttle.wait() or 1)
