"""The pagination of every list of the API."""

import re
from typing import Any, Final

from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

# Reading a much longer number would block the process.
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


class Page(PageNumberPagination):
    """Pages of 50; `?page_size=` up to 200.

    An impossible page or size is 400, so that nobody takes one page for the whole list.
    A page past the end is 404.
    """

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_page_number(self, request: Request, paginator: Any) -> int:
        """Return the requested page's number. Raises ValidationError or NotFound."""
        number = _number(request, self.page_query_param, "1 or more") or 1
        if number > paginator.num_pages:
            last = paginator.num_pages
            raise NotFound(f"There is no page {number}. The last page is {last}.")
        return number

    def get_page_size(self, request: Request) -> int:
        """Return how many rows a page has. Raises ValidationError."""
        allowed = f"1 to {self.max_page_size}"
        size = _number(request, self.page_size_query_param, allowed)
        if size is not None and size > self.max_page_size:
            raise _refusal(self.page_size_query_param, allowed)
        return size or self.page_size


def _number(request: Request, name: str, allowed: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text.strip()):
        raise _refusal(name, allowed)
    return int(text)


def _refusal(name: str, allowed: str) -> ValidationError:
    words = f"Write a whole number, {allowed}."
    return ValidationError({name: [ErrorDetail(words, code="invalid")]})
