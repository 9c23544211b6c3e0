"""The API of attempts: what was handed in, and its files."""

from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.api.errors import StoreFailed
from accounts.api.schema import DOWNLOAD, ErrorResponseSerializer
from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from storage.downloads import blob_attachment
from submissions.api.filters import SubmissionFilter
from submissions.api.serializers import SubmissionSerializer
from submissions.exceptions import KeyUnavailableError
from submissions.models import Submission
from submissions.signed_receipts import signed_receipt


class ReceiptUnavailable(StoreFailed):
    """The key cannot be read, through a fault of the portal's."""

    default_code = "receipt_unavailable"
    default_detail = (
        "The receipt cannot be signed now. The fault is the portal's, and the work is "
        "stored all the same. Try again in a few minutes."
    )


class FileRemoved(APIException):
    """The content was removed, as the course's rule for old weights says."""

    status_code = 410
    default_code = "file_removed"
    default_detail = (
        "The content of this file was removed, as the course's rule for old weights "
        "says. Its name, size and hash stay."
    )


class SubmissionViewSet(ReadOnlyViewSet[Submission]):
    """Your attempts. Staff get everybody's attempts in their courses."""

    queryset = Submission.objects.none()
    serializer_class = SubmissionSerializer
    filterset_class = SubmissionFilter
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Submission]:
        """Return the visible attempts; for a list the latest first, without details."""
        if self.action == "list":
            return Submission.objects.listed_for(sender(self.request))
        return self.with_details()

    def with_details(self) -> QuerySet[Submission]:
        """Return the visible attempts with all that is shown of them."""
        return (
            Submission.objects.visible_to(sender(self.request))
            .with_extra_time()
            .select_related(
                "author", "assignment__course", "chosen", "on_behalf__entered_by"
            )
            .prefetch_related("files")
        )

    def load_rows(self, page: QuerySet[Submission]) -> list[Submission]:
        """Return the attempts of one page of the list, with all that is shown."""
        rows = self.with_details().filter(pk__in=page.values("pk"))
        return list(rows.order_by("-received_at", "-pk"))

    @extend_schema(
        summary="Download the signed receipt",
        responses={(200, "text/plain"): OpenApiTypes.STR, 503: ErrorResponseSerializer},
    )
    @action(detail=True, filterset_class=None)
    def receipt(self, request: Request, pk: str) -> HttpResponse:
        """Send the receipt as text. Anybody can verify its signature."""
        try:
            text = signed_receipt(self.get_object())
        except KeyUnavailableError as error:
            raise ReceiptUnavailable from error
        return HttpResponse(text, content_type="text/plain; charset=utf-8")

    @extend_schema(
        summary="Download a file that was handed in",
        responses={**DOWNLOAD, 410: ErrorResponseSerializer},
    )
    @action(detail=True, url_path="files/<str:name>", filterset_class=None)
    def file(self, request: Request, pk: str, name: str) -> FileResponse:
        """Send one file of the attempt, as it was received."""
        for found in self.get_object().files.all():
            if found.name == name and found.removed_at is not None:
                raise FileRemoved
            if found.name == name:
                return blob_attachment(found.sha256, found.name)
        raise Http404
