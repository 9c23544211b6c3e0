"""The API of attempts with what grading adds: their runs, and handing in."""

from typing import Any, cast

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, QueryDict
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
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

from accounts.api.schema import ErrorResponseSerializer
from accounts.http import sender
from accounts.models import ApiToken
from accounts.throttles import SubmitThrottle
from courses.models import Assignment
from courses.permissions import can_submit
from grading.api import serializers
from grading.api.errors import KeyReused, TooLarge, refusal
from grading.api.viewsets import LARGE_COLUMNS
from grading.models import GradingRun
from grading.services import submit_work
from submissions.api.viewsets import SubmissionViewSet
from submissions.arrival import (
    refuse_failed_upload,
    upload_arrived_at,
    upload_started_at,
    upload_was_too_large,
)
from submissions.exceptions import KeyReusedError, SubmissionRefusedError
from submissions.models import Submission
from submissions.services import IncomingFile

SUBMIT_FORM = {
    "multipart/form-data": {
        "type": "object",
        "required": ["assignment", "declaration"],
        "properties": {
            "assignment": {"type": "integer", "description": "The assignment's id."},
            "declaration": {
                "type": "boolean",
                "description": (
                    "Send true to confirm that this is your own, unaided work."
                ),
            },
        },
        "additionalProperties": {
            "type": "string",
            "format": "binary",
            "description": (
                "Send one field for each required file. The name of the field is the "
                "name of the file."
            ),
        },
    }
}
SUBMIT_FIELDS = ("assignment", "declaration")
KEY_IS_NO_FIELD = ErrorDetail(
    "The key is not a field of the form. Send it in the header Idempotency-Key.",
    code="key_not_in_header",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description=(
        "Up to 64 visible characters that you choose. If you get no answer, send the "
        "same files again with the same key: this does not make a second attempt. If "
        "you send other files with a key that has made an attempt, the answer is 409 "
        "idempotency_key_reused."
    ),
)


@extend_schema_view(
    list=extend_schema(summary="List attempts"),
    retrieve=extend_schema(summary="Read an attempt"),
)
class GradedSubmissionViewSet(SubmissionViewSet):
    """Your attempts. Staff get everybody's attempts in their courses."""

    write_scope = ApiToken.Scope.SUBMIT
    parser_classes = [MultiPartParser]
    serializer_class = serializers.SubmissionWithRunsSerializer

    def with_details(self) -> QuerySet[Submission]:
        """Return the visible attempts with their runs, the latest run first."""
        runs = GradingRun.objects.visible_to(sender(self.request)).defer(*LARGE_COLUMNS)
        by_number = Prefetch("runs", queryset=runs.order_by("-number"))
        return super().with_details().prefetch_related(by_number)

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
        assignment = assignment_for(request, asked["assignment"])
        if not can_submit(person, assignment):
            raise PermissionDenied("Only students of this course can hand in.")
        try:
            run = submit_work(
                actor=person,
                assignment=assignment,
                files=_incoming_files(request),
                started_at=upload_started_at(cast("HttpRequest", request)),
                received_at=upload_arrived_at(cast("HttpRequest", request)),
                idempotency_key=asked["idempotency_key"],
                is_key_of_files=True,
            )
        except KeyReusedError as error:
            raise KeyReused(str(error)) from error
        except SubmissionRefusedError as error:
            raise refusal(error) from error
        return receipt_of(request, run)


def receipt_of(request: Request, run: GradingRun) -> Response:
    """Return the answer to a hand-in: the receipt, and the run that waits."""
    view = GradedSubmissionViewSet(request=request, action="retrieve")
    submission = view.with_details().get(pk=run.work_id)
    answer = serializers.ReceiptSerializer(
        {"submission": submission, "run": run}, context={"request": request}
    )
    where = reverse("api:submission-detail", [submission.pk], request=request)
    return Response(answer.data, status=201, headers={"Location": where})


def _checked_input(request: Request) -> dict[str, Any]:
    """Return the form's plain fields and the header's key. Raises ValidationError."""
    fields = request.POST  # reading this receives the whole body
    if upload_was_too_large(cast("HttpRequest", request)):
        raise TooLarge
    try:
        refuse_failed_upload(cast("HttpRequest", request))
    except SubmissionRefusedError as error:
        raise refusal(error) from error
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
            faults[name] = [
                ErrorDetail("Send this field only once.", code="repeated_field")
            ]
    if faults:
        raise ValidationError(faults)


def assignment_for(request: Request, pk: int) -> Assignment:
    """Return the assignment if the person may see it. Raises NotFound."""
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
