"""The base classes of all API views, which refuse requests with unknown parameters.

If a parameter is ignored or a filter is empty, the response looks right and is wrong.
So each view knows its parameters, and answers 400 to any other.
"""

from collections.abc import Collection
from typing import Any, ClassVar, Final, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet, ReadOnlyModelViewSet

from accounts.api.permissions import TokenScope

RowT_co = TypeVar("RowT_co", bound=Model, covariant=True)
LONGEST_NAME: Final = 40


class StrictRequests(APIView):
    """Refuses methods first, then unknown parameters.

    A method without a handler gives 405, also for a token whose scopes would not allow
    it. OPTIONS is not supported, so `Allow` does not name it.
    """

    http_method_names: ClassVar[list[str]] = [  # type: ignore[misc]  # DRF's stub has no ClassVar
        *("get", "post", "put", "patch", "delete", "head")
    ]

    def query_parameters(self) -> Collection[str] | None:
        """Return the names of the allowed parameters, or None where any is allowed."""
        return ()

    def check_permissions(self, request: Request) -> None:
        """Raise MethodNotAllowed before any permission is checked."""
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        super().check_permissions(request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise ValidationError if a parameter is not one of the allowed ones."""
        super().initial(request, *args, **kwargs)
        allowed = self.query_parameters()
        if allowed is not None:
            check_parameters(request.query_params, allowed)


class StrictAPIView(StrictRequests, APIView):
    """A view of one address, for people who are signed in."""

    permission_classes = [IsAuthenticated, TokenScope]


class LoadsRows:
    """The rows of one page of a list, as a view may load them in its own way."""

    def load_rows(self, page: QuerySet[Any]) -> list[Any]:
        """Return the rows of one page of the list, with all that is shown of them."""
        return list(page)


class ReadOnlyViewSet(LoadsRows, StrictRequests, ReadOnlyModelViewSet[RowT_co]):
    """A list and its rows, for people who are signed in.

    Only the list takes parameters: its filters and its page.
    """

    permission_classes = [IsAuthenticated, TokenScope]

    def query_parameters(self) -> Collection[str]:
        """Return the names of the list's filters and of its page."""
        return _list_parameters(self) if self.action == "list" else ()


class ListViewSet(LoadsRows, StrictRequests, ListModelMixin, GenericViewSet[RowT_co]):
    """A list whose rows have no address, such as sums, for people who are signed in."""

    permission_classes = [IsAuthenticated, TokenScope]

    def query_parameters(self) -> Collection[str]:
        """Return the names of the list's filters and of its page."""
        return _list_parameters(self)


def _list_parameters(view: Any) -> list[str]:
    pages = view.paginator
    return [
        *view.filterset_class.base_filters,
        pages.page_query_param,
        pages.page_size_query_param,
    ]


def check_parameters(given: QueryDict, allowed: Collection[str]) -> None:
    """Raise ValidationError for a name that is unknown, repeated or without a value."""
    faults = {
        name[:LONGEST_NAME]: [fault]
        for name, values in given.lists()
        if (fault := _fault_of(name, values, allowed)) is not None
    }
    if faults:
        raise ValidationError(faults)


def _fault_of(
    name: str, values: list[str], allowed: Collection[str]
) -> ErrorDetail | None:
    if name not in allowed:
        known = ", ".join(allowed)
        takes = f"Its parameters are: {known}." if known else "It has no parameters."
        words = f"This address has no parameter “{name[:LONGEST_NAME]}”. {takes}"
        return ErrorDetail(words, code="unknown_parameter")
    if len(values) > 1:
        words = f"“{name}” is given {len(values)} times. Give it once."
        return ErrorDetail(words, code="repeated_parameter")
    if not values[0].strip():
        words = f"“{name}” has no value. Give one, or leave the parameter out."
        return ErrorDetail(words, code="empty_parameter")
    return None
