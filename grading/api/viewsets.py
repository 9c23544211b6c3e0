"""The API for handing in, and for reading runs and marks as far as one may see them."""

from typing import Any, cast

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import FileResponse, Http404, HttpRequest, QueryDict
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from rest_framework.decorators import action
from rest_framework.exceptions import (
    ErrorDetail,
    NotFound,
    PermissionDenied,
    ValidationError,
)
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.throttling import BaseThrottle

from accounts.api.schema import DOWNLOAD, ErrorResponseSerializer
from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from accounts.models import ApiToken, User
from accounts.throttles import SubmitThrottle
from courses.models import Assignment, Course
from courses.permissions import can_submit
from grading.api import serializers
from grading.api.errors import KeyReused, TooLarge, refusal
from grading.api.filters import MarkFilter, RunFilter
from grading.api.marks import marks_for, with_runs
from grading.models import GradingRun, Mark
from grading.services import submit_work
from storage.downloads import blob_attachment
from submissions.api.filters import SubmissionFilter
from submissions.arrival import upload_started_at, upload_was_too_large
from submissions.exceptions import KeyReusedError, SubmissionRefusedError
from submissions.models import Submission
from submissions.services import IncomingFile

# Columns that grow with what a notebook printed: they are read for one run at a time
# only.
LARGE_COLUMNS = ("progress", "detail", "measures", "record")
SUBMIT_FORM = {
    "multipart/form-data": {
        "type": "object",
        "required": ["assignment", "declaration"],
        "properties": {
            "assignment": {"type": "integer", "description": "The assignment's id."},
            "declaration": {
                "type": "boolean",
                "description": "True: this is your own, unaided work.",
            },
        },
        "additionalProperties": {
            "type": "string",
            "format": "binary",
            "description": "One field for each required file, under its name.",
        },
    }
}
SUBMIT_FIELDS = ("assignment", "declaration")
KEY_IS_NO_FIELD = ErrorDetail(
    "The key is no field of the form: send it in the header Idempotency-Key.",
    code="key_not_in_header",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description=(
        "Up to 64 visible characters of your choice. The same files sent again with "
        "the same key are the same attempt: send again whenever no answer came. Other "
        "files with a key that made an attempt are 409 idempotency_key_reused."
    ),
)


@extend_schema_view(
    list=extend_schema(summary="List attempts"),
    retrieve=extend_schema(summary="Read an attempt"),
)
class SubmissionViewSet(ReadOnlyViewSet[Submission]):
    """Your attempts; for staff, everybody's in their courses."""

    write_scope = ApiToken.Scope.SUBMIT
    parser_classes = [MultiPartParser]
    queryset = Submission.objects.none()
    serializer_class = serializers.SubmissionWithRunsSerializer
    filterset_class = SubmissionFilter
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Submission]:
        """Return the visible attempts, the latest first."""
        person = sender(self.request)
        runs = GradingRun.objects.visible_to(person).defer(*LARGE_COLUMNS)
        return (
            Submission.objects.visible_to(person)
            .with_extension()
            .select_related("author", "assignment__course")
            .prefetch_related(
                "files", Prefetch("runs", queryset=runs.order_by("-number"))
            )
            .order_by("-received_at", "pk")
        )

    def get_throttles(self) -> list[BaseThrottle]:
        """Return the throttle for handing in; reading has none."""
        return [SubmitThrottle()] if self.action == "create" else []

    @extend_schema(
        summary="Hand in",
        parameters=[IDEMPOTENCY_KEY],
        request=SUBMIT_FORM,
        responses={
            201: serializers.ReceiptSerializer,
            400: ErrorResponseSerializer,
            409: ErrorResponseSerializer,
            413: ErrorResponseSerializer,
            415: ErrorResponseSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Hand in one attempt; the answer is the receipt and the run that waits."""
        person = sender(request)
        asked = _checked_input(request)
        assignment = _assignment_for(request, asked["assignment"])
        if not can_submit(person, assignment):
            raise PermissionDenied("Only this course's students hand in.")
        try:
            run = submit_work(
                actor=person,
                assignment=assignment,
                files=_incoming_files(request),
                started_at=upload_started_at(cast("HttpRequest", request)),
                idempotency_key=asked["idempotency_key"],
                is_key_of_files=True,
            )
        except KeyReusedError as error:
            raise KeyReused(str(error)) from error
        except SubmissionRefusedError as error:
            raise refusal(error) from error
        submission = self.get_queryset().get(pk=run.work_id)
        answer = serializers.ReceiptSerializer(
            {"submission": submission, "run": run},
            context=self.get_serializer_context(),
        )
        where = reverse("api:submission-detail", [submission.pk], request=request)
        return Response(answer.data, status=201, headers={"Location": where})

    @extend_schema(summary="Download a file that was handed in", responses=DOWNLOAD)
    @action(detail=True, url_path="files/<str:name>", filterset_class=None)
    def file(self, request: Request, pk: str, name: str) -> FileResponse:
        """Send one file of the attempt, as it was received."""
        for found in self.get_object().files.all():
            if found.name == name:
                return blob_attachment(found.sha256, found.name)
        raise Http404


def _checked_input(request: Request) -> dict[str, Any]:
    """Return the form's plain fields and the header's key. Raises ValidationError."""
    fields = request.POST  # reading this receives the whole body
    if upload_was_too_large(cast("HttpRequest", request)):
        raise TooLarge
    _check_fields(fields)
    given = {name: fields[name] for name in SUBMIT_FIELDS if fields.get(name)}
    key = request.headers.get("Idempotency-Key", "")
    checked = serializers.SubmitInputSerializer(data={**given, "idempotency_key": key})
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _check_fields(fields: QueryDict) -> None:
    """Raise ValidationError for fields that would not do what the client means."""
    faults: dict[str, list[ErrorDetail]] = {}
    for name, values in fields.lists():
        if name.lower().replace("-", "_") == "idempotency_key":
            faults[name] = [KEY_IS_NO_FIELD]
        elif name in SUBMIT_FIELDS and len(values) > 1:
            faults[name] = [ErrorDetail("Send it once.", code="repeated_field")]
    if faults:
        raise ValidationError(faults)


def _assignment_for(request: Request, pk: int) -> Assignment:
    visible = Assignment.objects.visible_to(sender(request))
    try:
        return visible.select_related("course", "revision").get(pk=pk)
    except Assignment.DoesNotExist:
        raise NotFound("There is no such assignment.") from None


def _incoming_files(request: Request) -> list[IncomingFile]:
    return [
        IncomingFile(
            name=name,
            original_name=upload.name or name,
            content=upload.file,
            size=upload.size or 0,
        )
        for name, uploads in request.FILES.lists()
        for upload in uploads
    ]


def _staffed_course_of_run(person: User) -> QuerySet[Course]:
    """Return the run's course if the person sees all its work, as a subquery."""
    return Course.objects.staffed_by(person).filter(
        pk=OuterRef("submission__assignment__course")
    )


@extend_schema_view(retrieve=extend_schema(summary="Read a run and its results"))
class RunViewSet(ReadOnlyViewSet[GradingRun]):
    """The runs of your attempts; for staff, everybody's in their courses."""

    queryset = GradingRun.objects.none()
    serializer_class = serializers.RunSerializer
    filterset_class = RunFilter
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[GradingRun]:
        """Return the visible runs, the latest first."""
        person = sender(self.request)
        runs = (
            GradingRun.objects.visible_to(person)
            .select_related("submission__author", "submission__assignment__course")
            .annotate(sees_all=Exists(_staffed_course_of_run(person)))
            .order_by("-queued_at", "pk")
        )
        return runs.defer(*LARGE_COLUMNS) if self.action == "list" else runs

    @extend_schema(
        summary="List runs", responses=serializers.RunSummarySerializer(many=True)
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List runs without what they found."""
        return super().list(request, *args, **kwargs)

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
    """Your marks; for staff, everybody's in their courses."""

    queryset = Mark.objects.none()
    serializer_class = serializers.MarkSerializer
    filterset_class = MarkFilter
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Mark]:
        """Return the visible marks, with what is needed to show them."""
        return marks_for(sender(self.request))

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        """Return the page's marks with their runs, which are loaded together."""
        page = super().paginate_queryset(queryset)
        return None if page is None else with_runs(page)

    def get_object(self) -> Mark:
        """Return one mark with its run."""
        (mark,) = with_runs([super().get_object()])
        return mark
