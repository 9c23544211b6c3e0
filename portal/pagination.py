"""The pagination of every list of the API."""

import re
from typing import Any, Final

from django.db.models import QuerySet
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from accounts.bounded_count import MOST_COUNTED, bounded_count

# Reading a much longer number would block the process.
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


class Page(PageNumberPagination):
    """Pages of 50; `?page_size=` up to 200.

    An impossible page or size is 400, so that nobody takes one page for the whole list.
    A page past the end is 404.

    A page takes as long in a long list as in a short one: one row more than it shows
    says whether another page follows, and no more than `MOST_COUNTED` rows are counted.
    """

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate_queryset(  # type: ignore[override]  # the stub knows no views that load rows
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        """Return the rows of the page. Raises ValidationError or NotFound."""
        self.address = request.build_absolute_uri()
        self.number = _number(request, self.page_query_param, "1 or more") or 1
        size = self.get_page_size(request)
        start = (self.number - 1) * size
        rows = view.load_rows(queryset[start : start + size + 1])
        self.has_next = len(rows) > size
        if self.has_next or not rows:
            self.count = bounded_count(queryset)
        else:
            self.count = start + len(rows)
        if not rows and self.number > 1:
            raise NotFound(self._words_past_the_end(size))
        return list(rows[:size])

    def _words_past_the_end(self, size: int) -> str:
        words = f"There is no page {self.number}."
        if self.count is None:
            return words
        return f"{words} The last page is {max(-(-self.count // size), 1)}."

    def get_page_size(self, request: Request) -> int:
        """Return how many rows a page has. Raises ValidationError."""
        allowed = f"1 to {self.max_page_size}"
        size = _number(request, self.page_size_query_param, allowed)
        if size is not None and size > self.max_page_size:
            raise _refusal(self.page_size_query_param, allowed)
        return size or self.page_size

    def get_next_link(self) -> str | None:
        """Return the address of the next page, if there is one."""
        return self._link(self.number + 1) if self.has_next else None

    def get_previous_link(self) -> str | None:
        """Return the address of the page before, if there is one."""
        return self._link(self.number - 1) if self.number > 1 else None

    def _link(self, number: int) -> str:
        address = self.address
        if number == 1:
            return remove_query_param(address, self.page_query_param)
        return replace_query_param(address, self.page_query_param, number)

    def get_paginated_response(self, data: Any) -> Response:
        """Return the answer with the page's rows."""
        return Response(
            {
                "count": self.count,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the description of the answer."""
        described: dict[str, Any] = super().get_paginated_response_schema(schema)
        described["properties"]["count"] |= {
            "nullable": True,
            "description": (
                f"The number of rows. Null in a list of more than {MOST_COUNTED:,} "
                "rows: follow `next` to its end."
            ),
        }
        return described


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
