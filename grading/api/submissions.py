"""The API of attempts with what grading adds: their runs, and handing in."""

from collections.abc import Collection
from typing import Any, cast

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
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
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import BaseThrottle

from accounts.api.schema import ErrorResponseSerializer
from accounts.http import sender
from accounts.models import ApiToken, User
from accounts.throttles import BulkDownloadThrottle, ChoiceThrottle, SubmitThrottle
from courses.models import Assignment, Enrolment
from courses.permissions import Right, can, can_submit, can_view_work_of
from grading.api import serializers
from grading.api.errors import ChoiceRefused, KeyReused, TooLarge, refusal
from grading.api.hand_in_inputs import (
    CountingInputSerializer,
    ForStudentInputSerializer,
    SubmitInputSerializer,
)
from grading.api.viewsets import LARGE_COLUMNS
from grading.models import GradingRun
from grading.services import submit_work
from grading.services.choosing import ChoiceRefusedError, choose_attempt
from grading.services.counting_files import MANIFEST, take_counting_files
from grading.services.on_behalf import EntryRefusedError, submit_for_student
from storage.downloads import ZipTable, zip_attachment
from submissions.api.viewsets import SubmissionViewSet
from submissions.arrival import (
    refuse_failed_upload,
    upload_arrived_at,
    upload_started_at,
    upload_was_too_large,
)
from submissions.exceptions import KeyReusedError, SubmissionRefusedError
from submissions.models import Submission
from submissions.services import IncomingFile, declaration_of

SUBMIT_FORM = {
    "multipart/form-data": {
        "type": "object",
        "required": ["assignment", "declaration"],
        "properties": {
            "assignment": {"type": "integer", "description": "The assignment's id."},
            "declaration": {
                "type": "boolean",
                "description": (
                    "Send true to confirm the `declaration` of the assignment: by "
                    "default that this is your own, unaided work."
                ),
            },
            "answers": {
                "type": "string",
                "description": (
                    "Your answers to the `declaration_questions` of the assignment: "
                    "a JSON object with the key of each question and the answer."
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
FOR_STUDENT_FORM = {
    "multipart/form-data": {
        "type": "object",
        "required": ["assignment", "student", "reason"],
        "properties": {
            "assignment": {"type": "integer", "description": "The assignment's id."},
            "student": {"type": "integer", "description": "The student's id."},
            "reason": {
                "type": "string",
                "maxLength": 1000,
                "description": "Why. The student reads it, too.",
            },
            "received_at": {
                "type": "string",
                "format": "date-time",
                "description": "When you got the work, if that is the time that counts.",
            },
            "uses_attempt": {
                "type": "boolean",
                "description": (
                    "Whether it uses up one of the student's attempts: true, unless "
                    "you send false."
                ),
            },
        },
        "additionalProperties": {
            "type": "string",
            "format": "binary",
            "description": "One field for each required file, as when students hand in.",
        },
    }
}
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
        """Return the limits on handing in and on choosing; reading has none."""
        kinds = {
            "create": SubmitThrottle,
            "choose": ChoiceThrottle,
            "choose_none": ChoiceThrottle,
            "counting": BulkDownloadThrottle,
        }
        return [kinds[self.action]()] if self.action in kinds else []

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
        asked = checked_input(request)
        assignment = assignment_for(request, asked["assignment"])
        if not can_submit(person, assignment):
            raise PermissionDenied("Only students of this course can hand in.")
        declared, faults = declaration_of(assignment, asked["answers"])
        try:
            run = submit_work(
                actor=person,
                assignment=assignment,
                files=incoming_files(request),
                started_at=upload_started_at(cast("HttpRequest", request)),
                received_at=upload_arrived_at(cast("HttpRequest", request)),
                idempotency_key=asked["idempotency_key"],
                is_key_of_files=True,
                known=faults,
                declared=declared,
            )
        except KeyReusedError as error:
            raise KeyReused(str(error)) from error
        except SubmissionRefusedError as error:
            raise refusal(error) from error
        return receipt_of(request, run)

    def query_parameters(self) -> Collection[str]:
        """Return the names of the parameters that this address takes."""
        if self.action == "counting":
            return ("assignment",)
        return super().query_parameters()

    @extend_schema(
        summary="Download the attempts that count",
        parameters=[
            OpenApiParameter(
                "assignment", int, required=True, description="An assignment's id."
            )
        ],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
        filters=False,
    )
    @action(detail=False, filterset_class=None, pagination_class=None)
    def counting(self, request: Request) -> StreamingHttpResponse:
        """Send the files of everybody's attempt that counts as one zip, to staff.

        Each attempt has a folder, and `manifest.csv` says whose it is. That the work
        was downloaded is recorded among the changes of the course.
        """
        asked = CountingInputSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = assignment_for(request, asked.validated_data["assignment"])
        person = sender(request)
        if not can_view_work_of(person, found):
            raise PermissionDenied("Only staff who see all work for it can do this.")
        taken = take_counting_files(actor=person, assignment=found)
        return zip_attachment(
            taken.files,
            f"{found.course.slug}-{found.slug}.zip",
            table=ZipTable(name=MANIFEST, content=taken.manifest),
        )

    @extend_schema(
        summary="Hand in for a student",
        parameters=[IDEMPOTENCY_KEY],
        request=FOR_STUDENT_FORM,
        responses={
            201: serializers.ReceiptSerializer,
            400: ErrorResponseSerializer,
            413: ErrorResponseSerializer,
            415: ErrorResponseSerializer,
        },
        filters=False,
    )
    @action(
        detail=False, methods=["post"], url_path="for-student", filterset_class=None
    )
    def for_student(self, request: Request) -> Response:
        """Hand in an attempt of a student's, such as work that came by mail.

        It is for lecturers of the course. No deadline and no limit refuses the work,
        and the receipt says who handed it in, when and why.
        """
        person = sender(request)
        asked = checked_input(request, ForStudentInputSerializer)
        assignment = assignment_for(request, asked["assignment"])
        if not can(person, Right.MANAGE_PEOPLE, assignment.course):
            raise PermissionDenied("Only lecturers of this course can do this.")
        key = asked["idempotency_key"]
        try:
            run = submit_for_student(
                actor=person,
                student=_student(assignment, asked["student"]),
                assignment=assignment,
                files=incoming_files(request),
                reason=asked["reason"],
                stated_at=asked["received_at"],
                uses_attempt=asked["uses_attempt"],
                idempotency_key=f"staff-{key}" if key else "",
            )
        except EntryRefusedError as error:
            raise ValidationError(error.faults) from error
        except SubmissionRefusedError as error:
            raise refusal(error) from error
        return receipt_of(request, run)

    @extend_schema(
        summary="Let an attempt count",
        request=None,
        responses={204: None, 409: ErrorResponseSerializer},
    )
    @action(detail=True, methods=["post"], filterset_class=None)
    def choose(self, request: Request, pk: str) -> Response:
        """Choose this attempt to count, where the assignment leaves the choice."""
        return self._choose(self.get_object())

    @extend_schema(
        summary="Let the latest attempt count",
        request=None,
        responses={204: None, 409: ErrorResponseSerializer},
    )
    @choose.mapping.delete
    def choose_none(self, request: Request, pk: str) -> Response:
        """Take the choice back, so that the latest attempt counts again."""
        return self._choose(self.get_object(), is_chosen=False)

    def _choose(self, found: Submission, *, is_chosen: bool = True) -> Response:
        if found.author != self.request.user:
            raise PermissionDenied("Only its author can do this.")
        try:
            choose_attempt(
                actor=sender(self.request),
                assignment=found.assignment,
                submission=found if is_chosen else None,
                now=timezone.now(),
            )
        except ChoiceRefusedError as refused:
            raise ChoiceRefused(str(refused)) from refused
        return Response(status=204)


def receipt_of(request: Request, run: GradingRun) -> Response:
    """Return the answer to a hand-in: the receipt, and the run that waits."""
    view = GradedSubmissionViewSet(request=request, action="retrieve")
    submission = view.with_details().get(pk=run.work_id)
    answer = serializers.ReceiptSerializer(
        {"submission": submission, "run": run}, context={"request": request}
    )
    where = reverse("api:submission-detail", [submission.pk], request=request)
    return Response(answer.data, status=201, headers={"Location": where})


def checked_input(
    request: Request,
    kind: type[BaseSerializer[Any]] = SubmitInputSerializer,
) -> dict[str, Any]:
    """Return the form's plain fields and the header's key. Raises ValidationError."""
    fields = request.POST  # reading this receives the whole body
    if upload_was_too_large(cast("HttpRequest", request)):
        raise TooLarge
    try:
        refuse_failed_upload(cast("HttpRequest", request))
    except SubmissionRefusedError as error:
        raise refusal(error) from error
    names = [name for name in kind().get_fields() if name != "idempotency_key"]  # type: ignore[attr-defined]
    _check_fields(fields, names)
    given = {name: fields[name] for name in names if fields.get(name)}
    key = request.headers.get("Idempotency-Key", "")
    checked: Any = kind(data={**given, "idempotency_key": key})
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _check_fields(fields: QueryDict, names: Collection[str]) -> None:
    """Raise ValidationError for fields that would not do what the client means."""
    faults: dict[str, list[ErrorDetail]] = {}
    for name, values in fields.lists():
        if name.lower().replace("-", "_") == "idempotency_key":
            faults[name] = [KEY_IS_NO_FIELD]
        elif name in names and len(values) > 1:
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


def _student(assignment: Assignment, pk: int) -> User:
    """Return the student of the assignment's course. Raises ValidationError."""
    rows = Enrolment.objects.students().filter(course=assignment.course_id, user=pk)
    found = rows.select_related("user").first()
    if found is None:
        words = "This is not the id of a student of the course."
        raise ValidationError({"student": [ErrorDetail(words, code="unknown_student")]})
    return found.user


def incoming_files(request: Request) -> list[IncomingFile]:
    """Return the form's files; the name of a field is that of the file."""
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
