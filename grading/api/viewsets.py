"""The API for handing in, and for reading runs and marks as far as one may see them."""

import hashlib
import json
from typing import Any, Final

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from django.utils.http import parse_etags, quote_etag
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import DOWNLOAD
from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from courses.permissions import work_is_seen
from grading.api import serializers
from grading.api.filters import MarkFilter, RunFilter
from grading.api.mark_serializers import MarkSerializer
from grading.api.marks import marks_for, with_runs
from grading.models import GradingRun, Mark
from storage.downloads import blob_attachment

# Columns that grow with what a notebook printed: they are read for one run at a time
# only.
LARGE_COLUMNS = ("progress", "detail", "measures", "record")
_IF_NONE_MATCH: Final = OpenApiParameter(
    "If-None-Match",
    location=OpenApiParameter.HEADER,
    description="The ETag of an earlier answer. If nothing has changed, the answer is "
    "304 without a body.",
)


class RunViewSet(ReadOnlyViewSet[GradingRun]):
    """The runs of your attempts. Staff get everybody's runs in their courses."""

    queryset = GradingRun.objects.none()
    serializer_class = serializers.RunSerializer
    filterset_class = RunFilter
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[GradingRun]:
        """Return the visible runs; for a list the latest first, without details."""
        if self.action == "list":
            return GradingRun.objects.listed_for(sender(self.request))
        return self.with_details()

    def with_details(self) -> QuerySet[GradingRun]:
        """Return the visible runs with all that is shown of them."""
        person = sender(self.request)
        return (
            GradingRun.objects.visible_to(person)
            .select_related("submission__author", "submission__assignment__course")
            .annotate(
                sees_all=work_is_seen(person, assignment="submission__assignment")
            )
        )

    def load_rows(self, page: QuerySet[GradingRun]) -> list[GradingRun]:
        """Return the runs of one page of the list, with all that is shown."""
        rows = self.with_details().filter(pk__in=page.values("pk"))
        return list(rows.defer(*LARGE_COLUMNS).order_by("-queued_at", "-pk"))

    @extend_schema(
        summary="List runs", responses=serializers.RunSummarySerializer(many=True)
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List runs without their results."""
        return super().list(request, *args, **kwargs)

    @extend_schema(
        summary="Read a run and its results",
        parameters=[_IF_NONE_MATCH],
        responses={200: serializers.RunSerializer, 304: None},
    )
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read a run. Ask for it again after `poll_seconds`, until it has ended."""
        answer = super().retrieve(request, *args, **kwargs)
        # SECURITY: the tag is a hash of what this person is shown, and of nothing else.
        shown = json.dumps(answer.data, default=str, sort_keys=True)
        tag = quote_etag(hashlib.sha256(shown.encode()).hexdigest()[:32])
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if tag in parse_etags(request.headers.get("If-None-Match", "")):
            return Response(status=304, headers=headers)
        for name, value in headers.items():
            answer[name] = value
        return answer

    def get_serializer_class(self) -> type[serializers.RunSummarySerializer]:
        """Return the short serializer for lists, and the full one for a single run."""
        if self.action == "list":
            return serializers.RunSummarySerializer
        return serializers.RunSerializer

    @extend_schema(summary="Download the executed notebook", responses=DOWNLOAD)
    @action(detail=True, filterset_class=None)
    def notebook(self, request: Request, pk: str) -> FileResponse:
        """Send the executed notebook."""
        run = self.get_object()
        if not run.executed_sha256:
            raise Http404
        return blob_attachment(run.executed_sha256, run.revision.notebook_name)


@extend_schema_view(
    list=extend_schema(summary="List marks"),
    retrieve=extend_schema(summary="Read a mark"),
)
class MarkViewSet(ReadOnlyViewSet[Mark]):
    """Your marks. Staff get everybody's marks in their courses."""

    queryset = Mark.objects.none()
    serializer_class = MarkSerializer
    filterset_class = MarkFilter
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Mark]:
        """Return the visible marks; for a list by assignment, without details."""
        person = sender(self.request)
        if self.action == "list":
            return Mark.objects.listed_for(person)
        return marks_for(person)

    def load_rows(self, page: QuerySet[Mark]) -> list[Mark]:
        """Return the marks of one page of the list, with their runs."""
        rows = marks_for(sender(self.request)).filter(pk__in=page.values("pk"))
        return with_runs(rows.order_by("assignment_id", "student_id"))

    def get_object(self) -> Mark:
        """Return one mark with its run."""
        (mark,) = with_runs([super().get_object()])
        return mark
