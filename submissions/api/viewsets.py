"""The API of attempts: what was handed in, and its files."""

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from accounts.api.schema import DOWNLOAD
from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from storage.downloads import blob_attachment
from submissions.api.filters import SubmissionFilter
from submissions.api.serializers import SubmissionSerializer
from submissions.models import Submission


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
            .with_extension()
            .select_related("author", "assignment__course")
            .prefetch_related("files")
        )

    def load_rows(self, page: QuerySet[Submission]) -> list[Submission]:
        """Return the attempts of one page of the list, with all that is shown."""
        rows = self.with_details().filter(pk__in=page.values("pk"))
        return list(rows.order_by("-received_at", "-pk"))

    @extend_schema(summary="Download a file that was handed in", responses=DOWNLOAD)
    @action(detail=True, url_path="files/<str:name>", filterset_class=None)
    def file(self, request: Request, pk: str, name: str) -> FileResponse:
        """Send one file of the attempt, as it was received."""
        for found in self.get_object().files.all():
            if found.name == name:
                return blob_attachment(found.sha256, found.name)
        raise Http404
