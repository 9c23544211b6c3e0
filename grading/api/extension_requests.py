"""The API of requests for extensions: students ask, and those who edit answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, Final

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import (
    ErrorDetail,
    PermissionDenied,
    ValidationError,
)
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.api.schema import DOWNLOAD, ErrorResponseSerializer
from accounts.api.short_json import ShortJsonParser
from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from accounts.models import ApiToken
from courses.api.edited_courses import is_edited, with_is_edited
from courses.api.extension_viewsets import check_edits, refused_fields
from courses.api.filters import ExtensionRequestFilter
from courses.deadlines import deadline_for
from courses.models import Course, ExtensionRequest
from courses.models.extension_request import LONGEST_WORDS
from courses.permissions import Right, can
from courses.services.extension_requests import (
    RequestClosedError,
    RequestFile,
    RequestRefusedError,
    ask_for_extension,
    grant_request,
    refuse_request,
    withdraw_request,
)
from courses.services.extensions import ExtensionGrant, check_grants
from grading.api.errors import RequestClosed
from grading.api.extra_time_previews import ExtraTimePlanSerializer
from grading.api.submissions import assignment_for, checked_input
from grading.pages.extension_answer import hidden_results_of
from grading.services.extra_time_plan import plan_extensions
from storage.downloads import blob_attachment

_FILE: Final = "file"
_LONGEST_NAME: Final = 255
_ANSWERS: Final = frozenset(("grant", "refuse", "preview"))
ASK_FORM: Final = {
    "multipart/form-data": {
        "type": "object",
        "required": ["assignment", "wished_due_at", "reason"],
        "properties": {
            "assignment": {"type": "integer", "description": "The assignment's id."},
            "wished_due_at": {
                "type": "string",
                "format": "date-time",
                "description": "The deadline that you ask for, with its offset.",
            },
            "reason": {"type": "string", "maxLength": LONGEST_WORDS},
            "file": {
                "type": "string",
                "format": "binary",
                "description": "A file, such as a certificate: 5 MB at most.",
            },
        },
    }
}


class ExtensionRequestSerializer(serializers.ModelSerializer[ExtensionRequest]):
    """A request for a later deadline, and its answer."""

    # SECURITY: only the student and those who edit the course see a request at all. Who
    # has answered is only told to the latter: rows are from `with_is_edited`.

    course = serializers.SlugRelatedField[Course](
        "slug", source="assignment.course", read_only=True
    )
    assignment = serializers.IntegerField(
        source="assignment_id", help_text="The assignment's id."
    )
    student = serializers.IntegerField(
        source="student_id", help_text="The person's id, as in submissions and marks."
    )
    student_name = serializers.CharField(source="student.name")
    file_url = serializers.SerializerMethodField(
        help_text="Where you can download the file. Null if there is none."
    )
    answered_by = serializers.SerializerMethodField(
        help_text="The person's name, for those who edit the course; else null."
    )

    class Meta:
        model = ExtensionRequest
        fields = [
            "id",
            "course",
            "assignment",
            "student",
            "student_name",
            "made_at",
            "wished_due_at",
            "reason",
            "file_name",
            "file_size",
            "file_url",
            "state",
            "granted_due_at",
            "answer",
            "answered_by",
            "answered_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_file_url(self, row: ExtensionRequest) -> str | None:
        """Return the absolute address of the file, if there is one."""
        if not row.file_sha256:
            return None
        request = self.context.get("request")
        return reverse("api:extension-request-file", [row.pk], request=request)

    def get_answered_by(self, row: ExtensionRequest) -> str | None:
        """Return who has answered, for those who edit the course."""
        return row.answered_by.name if is_edited(row) and row.answered_by else None


class AskSerializer(serializers.Serializer[Any]):
    """What a student asks for, apart from the file."""

    assignment = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    wished_due_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=LONGEST_WORDS)


class DueSerializer(serializers.Serializer[Any]):
    """The deadline to grant."""

    due_at = serializers.DateTimeField(
        help_text="The new deadline, with its offset. It may differ from the one that "
        "was asked for."
    )


class GrantSerializer(DueSerializer):
    """The deadline to grant, and words for the student."""

    answer = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=LONGEST_WORDS,
        help_text="The student reads it, and gets it by mail.",
    )


class GrantPlanSerializer(ExtraTimePlanSerializer):
    """What granting the request would change."""

    hidden_results = serializers.CharField(
        help_text="What the student can see of hidden checks by now, in words, or empty."
    )


class RefuseSerializer(serializers.Serializer[Any]):
    """Words for the student, which say why."""

    answer = serializers.CharField(
        max_length=LONGEST_WORDS,
        help_text="The student reads it, and gets it by mail.",
    )


@extend_schema_view(
    list=extend_schema(summary="List requests for extensions"),
    retrieve=extend_schema(summary="Read a request for an extension"),
)
class ExtensionRequestViewSet(ReadOnlyViewSet[ExtensionRequest]):
    """Your requests for extensions. Those who edit a course get everybody's in it."""

    queryset = ExtensionRequest.objects.none()
    serializer_class = ExtensionRequestSerializer
    filterset_class = ExtensionRequestFilter
    parser_classes = [MultiPartParser]
    lookup_value_converter = "int"

    @property
    def write_scope(self) -> ApiToken.Scope:
        """The scope that a token needs: students ask, and those who edit answer."""
        scopes = ApiToken.Scope
        return scopes.EXTEND if self.action in _ANSWERS else scopes.SUBMIT

    def get_queryset(self) -> QuerySet[ExtensionRequest]:
        """Return the visible requests, the latest first."""
        user = sender(self.request)
        rows = (
            ExtensionRequest.objects.visible_to(user)
            .select_related("assignment__course", "student", "answered_by")
            .order_by("-made_at", "-pk")
        )
        found: QuerySet[ExtensionRequest] = with_is_edited(
            rows, user, course="assignment__course"
        )
        return found

    @extend_schema(
        summary="Ask for an extension",
        request=ASK_FORM,
        responses={
            201: ExtensionRequestSerializer,
            400: ErrorResponseSerializer,
            413: ErrorResponseSerializer,
            415: ErrorResponseSerializer,
        },
        filters=False,
    )
    def create(self, request: Request) -> Response:
        """Ask for a later deadline of yours. The answer comes by mail."""
        person, asked = sender(request), checked_input(request, AskSerializer)
        assignment = assignment_for(request, asked["assignment"])
        if not can(person, Right.SUBMIT, assignment.course):
            raise PermissionDenied("Only students of this course can ask.")
        with _refusals():
            row = ask_for_extension(
                actor=person,
                assignment=assignment,
                wished_due_at=asked["wished_due_at"],
                reason=asked["reason"],
                file=_sent_file(request),
            )
        return self._answer(row, 201)

    @extend_schema(
        summary="Withdraw a request",
        request=None,
        responses={200: ExtensionRequestSerializer, 409: ErrorResponseSerializer},
        filters=False,
    )
    @action(
        detail=True,
        methods=["post"],
        parser_classes=[ShortJsonParser],
        filterset_class=None,
    )
    def withdraw(self, request: Request, pk: str) -> Response:
        """Withdraw your own request, while it has no answer."""
        row = self.get_object()
        if row.student_id != sender(request).pk:
            raise PermissionDenied("Only the person who asked can withdraw a request.")
        with _refusals():
            withdraw_request(actor=sender(request), request=row)
        return self._answer(row, 200)

    @extend_schema(
        summary="Grant a request",
        request=GrantSerializer,
        responses={
            200: ExtensionRequestSerializer,
            400: ErrorResponseSerializer,
            409: ErrorResponseSerializer,
        },
        filters=False,
    )
    @action(
        detail=True,
        methods=["post"],
        parser_classes=[ShortJsonParser],
        filterset_class=None,
    )
    def grant(self, request: Request, pk: str) -> Response:
        """Grant an extension. Marks follow at once, and the answer is mailed."""
        row, given = self._asked(request, GrantSerializer)
        with _refusals(), refused_fields():
            grant_request(actor=sender(request), request=row, **given)
        return self._answer(row, 200)

    @extend_schema(
        summary="Refuse a request",
        request=RefuseSerializer,
        responses={
            200: ExtensionRequestSerializer,
            400: ErrorResponseSerializer,
            409: ErrorResponseSerializer,
        },
        filters=False,
    )
    @action(
        detail=True,
        methods=["post"],
        parser_classes=[ShortJsonParser],
        filterset_class=None,
    )
    def refuse(self, request: Request, pk: str) -> Response:
        """Refuse the request with words for the student, which are mailed."""
        row, given = self._asked(request, RefuseSerializer)
        with _refusals():
            refuse_request(actor=sender(request), request=row, **given)
        return self._answer(row, 200)

    @extend_schema(
        summary="Preview the granting of a request",
        request=DueSerializer,
        responses={200: GrantPlanSerializer, 400: ErrorResponseSerializer},
        filters=False,
    )
    @action(
        detail=True,
        methods=["post"],
        parser_classes=[ShortJsonParser],
        filterset_class=None,
    )
    def preview(self, request: Request, pk: str) -> Response:
        """Say what granting it until then would change. Nothing is stored."""
        row, given = self._asked(request, DueSerializer)
        due_at, reason = given["due_at"], row.reason
        grant = ExtensionGrant(student=row.student, due_at=due_at, reason=reason)
        with refused_fields():
            check_grants(
                actor=sender(request), assignment=row.assignment, grants=[grant]
            )
        plan = plan_extensions(
            assignment=row.assignment, due_at={row.student_id: due_at}
        )
        own = deadline_for(row.assignment, row.student)
        hidden = hidden_results_of(row, own, now=timezone.now())
        words = hidden.words if hidden else ""
        viewer = {"viewer": sender(self.request)}
        planned = ExtraTimePlanSerializer(plan, context=viewer).data
        return Response({**planned, "hidden_results": words})

    @extend_schema(summary="Download the file of a request", responses=DOWNLOAD)
    @action(detail=True, filterset_class=None)
    def file(self, request: Request, pk: str) -> FileResponse:
        """Send the file that came with the request."""
        row = self.get_object()
        if not row.file_sha256:
            raise Http404
        return blob_attachment(row.file_sha256, row.file_name)

    def _asked(
        self, request: Request, kind: type[serializers.Serializer[Any]]
    ) -> tuple[ExtensionRequest, dict[str, Any]]:
        """Return the request that somebody answers, and what they send."""
        row = self.get_object()
        check_edits(request, row.assignment.course)
        checked = kind(data=request.data)
        checked.is_valid(raise_exception=True)
        return row, dict(checked.validated_data)

    def _answer(self, row: ExtensionRequest, status: int) -> Response:
        shown = self.get_serializer(self.get_queryset().get(pk=row.pk))
        return Response(shown.data, status=status)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the services' refusals into errors of the API."""
    try:
        yield
    except RequestClosedError as error:
        raise RequestClosed(str(error)) from error
    except RequestRefusedError as error:
        words = ErrorDetail(str(error), code="request_refused")
        raise ValidationError([words]) from error


def _sent_file(request: Request) -> RequestFile | None:
    """Return the file of the form, without its folders, or None."""
    sent = request.FILES
    if not sent:
        return None
    if list(sent) != [_FILE] or len(sent.getlist(_FILE)) != 1:
        words = ErrorDetail("Send one file, in the field “file”.", code="one_file")
        raise ValidationError({_FILE: [words]})
    upload = sent[_FILE]
    name = PurePath(upload.name or "").name[-_LONGEST_NAME:]
    return RequestFile(name=name, chunks=upload.chunks())
