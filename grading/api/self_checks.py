"""The API of checks before handing in: a student's own, and nobody else's."""

from typing import Any, cast

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.throttling import BaseThrottle

from accounts.api.schema import DOWNLOAD, ErrorResponseSerializer
from accounts.api.short_json import ShortJsonParser
from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from accounts.models import ApiToken
from accounts.throttles import SelfCheckThrottle, SubmitThrottle
from courses.api.filters import OfAssignmentFilter, OfCourseFilter
from courses.models import Course
from courses.permissions import can_submit
from grading.api.errors import refusal
from grading.api.fields import WHEN
from grading.api.hand_in_inputs import (
    DeclarationInputSerializer,
    FilesInputSerializer,
)
from grading.api.serializers import (
    MessageSerializer,
    ProgressSerializer,
    QueuePlaceSerializer,
    ReceiptSerializer,
    ShownResultsSerializer,
)
from grading.api.submissions import (
    IDEMPOTENCY_KEY,
    SUBMIT_FORM,
    assignment_for,
    checked_input,
    incoming_files,
    receipt_of,
)
from grading.models import SelfCheck, SelfCheckFile
from grading.self_check_messages import describe_self_check
from grading.services import (
    check_work,
    hand_in_checked_files,
    place_in_queue,
    self_check_results,
    self_checks_left,
    shown_times,
)
from grading.states import State, Verdict
from grading.worker.progress import Progress
from storage.downloads import blob_attachment
from submissions.api.serializers import ProblemSerializer
from submissions.exceptions import SubmissionRefusedError
from submissions.services import declaration_of

_FORM = SUBMIT_FORM["multipart/form-data"]
CHECK_FORM = {
    "multipart/form-data": {
        **_FORM,
        "required": ["assignment"],
        "properties": {
            "assignment": cast("dict[str, Any]", _FORM["properties"])["assignment"]
        },
    }
}


class SelfCheckFilter(filters.FilterSet):
    course = OfCourseFilter("assignment__course__slug", help_text="A slug.")
    assignment = OfAssignmentFilter("assignment_id", help_text="An assignment's id.")

    class Meta:
        model = SelfCheck
        fields: list[str] = []


class SelfCheckFileSerializer(serializers.ModelSerializer[SelfCheckFile]):
    """A file as it was received. Its hash is empty once the portal let it go."""

    class Meta:
        model = SelfCheckFile
        fields = ["name", "original_name", "kind", "sha256", "size"]
        read_only_fields = fields


class SelfCheckSummarySerializer(serializers.ModelSerializer[SelfCheck]):
    """A check, where its run is, and how it ended."""

    course = serializers.SlugRelatedField[Course](
        "slug", source="assignment.course", read_only=True
    )
    state = serializers.ChoiceField(source="run.state", choices=State.choices)
    verdict = serializers.ChoiceField(
        source="run.verdict", choices=Verdict.choices, allow_blank=True
    )
    finished_at = serializers.SerializerMethodField(help_text=WHEN)
    submission = serializers.UUIDField(
        source="handed_in_as_id",
        allow_null=True,
        help_text="The attempt that its files were handed in as, if they were.",
    )
    url = serializers.SerializerMethodField(
        help_text="Where to follow the check in the API."
    )
    html_url = serializers.SerializerMethodField(
        help_text="The page of the check, for a browser."
    )

    class Meta:
        model = SelfCheck
        fields = [
            "id",
            "course",
            "assignment",
            "asked_at",
            "state",
            "verdict",
            "finished_at",
            "submission",
            "dropped_at",
            "url",
            "html_url",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_finished_at(self, check: SelfCheck) -> Any:
        """Return when the run ended, as precisely as its author may see it."""
        return shown_times(check.run, sees_all=False).finished_at

    @extend_schema_field(serializers.URLField())
    def get_url(self, check: SelfCheck) -> str:
        """Return the absolute address of the check in the API."""
        return self._reverse("api:self-check-detail", check)

    @extend_schema_field(serializers.URLField())
    def get_html_url(self, check: SelfCheck) -> str:
        """Return the absolute address of the check's page."""
        return self._reverse("grading:self-check", check)

    def _reverse(self, name: str, check: SelfCheck) -> str:
        return reverse(name, [check.pk], request=self.context.get("request"))


class ChecksLeftSerializer(serializers.Serializer[Any]):
    """How many checks of the assignment you have left."""

    limit = serializers.IntegerField()
    left = serializers.IntegerField()
    next_at = serializers.DateTimeField(
        allow_null=True, help_text="When you have one more; null if none is missing."
    )


class SelfCheckSerializer(SelfCheckSummarySerializer):
    """A check with what it found: only checks that are shown at once."""

    files = SelfCheckFileSerializer(many=True)
    warnings = ProblemSerializer(many=True)
    message = serializers.SerializerMethodField()
    place = serializers.SerializerMethodField(
        help_text="Null unless the check waits. Work that is handed in later goes first."
    )
    progress = serializers.SerializerMethodField(help_text="Null unless it is running.")
    results = serializers.SerializerMethodField(
        help_text="Null until it has finished. `points` are those of the shown checks."
    )
    notebook_url = serializers.SerializerMethodField(
        help_text="Where you can download the executed notebook, if there is one."
    )
    rate = serializers.SerializerMethodField()

    class Meta:
        model = SelfCheck
        fields = [
            *SelfCheckSummarySerializer.Meta.fields,
            "files",
            "warnings",
            "message",
            "place",
            "progress",
            "results",
            "notebook_url",
            "rate",
        ]
        read_only_fields = fields

    @extend_schema_field(MessageSerializer)
    def get_message(self, check: SelfCheck) -> Any:
        """Return how the check stands, in words."""
        return MessageSerializer(describe_self_check(check.run)).data

    @extend_schema_field(QueuePlaceSerializer(allow_null=True))
    def get_place(self, check: SelfCheck) -> Any:
        """Return the place of a check that waits."""
        if check.run.state != State.QUEUED:
            return None
        return QueuePlaceSerializer(place_in_queue(check.run)).data

    @extend_schema_field(ProgressSerializer(allow_null=True))
    def get_progress(self, check: SelfCheck) -> Any:
        """Return how far a running check has come, without what it found."""
        if check.run.state != State.RUNNING:
            return None
        return ProgressSerializer(Progress.from_json(check.run.progress)).data

    @extend_schema_field(ShownResultsSerializer(allow_null=True))
    def get_results(self, check: SelfCheck) -> Any:
        """Return what the checks found that are shown at once."""
        if check.run.state != State.FINISHED:
            return None
        shown = self_check_results(check.run, timezone.now())
        return ShownResultsSerializer(shown).data

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_notebook_url(self, check: SelfCheck) -> str | None:
        """Return the absolute address of the executed notebook, if one is kept."""
        if not check.run.executed_sha256:
            return None
        return self._reverse("api:self-check-notebook", check)

    @extend_schema_field(ChecksLeftSerializer)
    def get_rate(self, check: SelfCheck) -> Any:
        """Return what is left of the assignment's checks."""
        left = self_checks_left(check.assignment, check.author, timezone.now())
        return ChecksLeftSerializer(left).data


def _with_details(checks: QuerySet[SelfCheck]) -> QuerySet[SelfCheck]:
    return checks.select_related(
        "assignment__course", "author", "run__revision"
    ).prefetch_related("files", "run__results", "run__revision__questions")


def created_check(request: Request, made: SelfCheck) -> Response:
    """Return the answer to a person who has asked for this check."""
    mine = SelfCheck.objects.visible_to(sender(request))
    check = _with_details(mine).get(pk=made.pk)
    answer = SelfCheckSerializer(check, context={"request": request})
    where = reverse("api:self-check-detail", [made.pk], request=request)
    return Response(answer.data, status=201, headers={"Location": where})


@extend_schema_view(
    retrieve=extend_schema(summary="Read a check before handing in"),
)
class SelfCheckViewSet(ReadOnlyViewSet[SelfCheck]):
    """Checks of your work before you hand it in. Nobody else sees them, staff included.

    A check runs your files and the checks that are shown at once. It is no attempt.
    """

    queryset = SelfCheck.objects.none()
    serializer_class = SelfCheckSerializer
    filterset_class = SelfCheckFilter
    parser_classes = [MultiPartParser]
    write_scope = ApiToken.Scope.SUBMIT
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[SelfCheck]:
        """Return the person's own checks, the latest first; a list has no details."""
        found = SelfCheck.objects.visible_to(sender(self.request))
        if self.action == "list":
            rows = found.select_related("assignment__course", "run")
            return rows.order_by("-asked_at", "-pk")
        return _with_details(found).order_by("-asked_at", "-pk")

    def get_serializer_class(self) -> type[SelfCheckSummarySerializer]:
        """Return the short serializer for lists, and the full one for a single check."""
        if self.action == "list":
            return SelfCheckSummarySerializer
        return SelfCheckSerializer

    def get_throttles(self) -> list[BaseThrottle]:
        """Return the limits on checking and on handing in; reading has none."""
        kinds = {"create": SelfCheckThrottle, "hand_in": SubmitThrottle}
        return [kinds[self.action]()] if self.action in kinds else []

    @extend_schema(
        summary="List checks before handing in",
        responses=SelfCheckSummarySerializer(many=True),
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List your checks without their results."""
        return super().list(request, *args, **kwargs)

    @extend_schema(
        summary="Check your work",
        parameters=[IDEMPOTENCY_KEY],
        request=CHECK_FORM,
        responses={
            201: SelfCheckSerializer,
            400: ErrorResponseSerializer,
            413: ErrorResponseSerializer,
            415: ErrorResponseSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Have your files run without handing them in; the answer is the check."""
        person = sender(request)
        asked = checked_input(request, FilesInputSerializer)
        assignment = assignment_for(request, asked["assignment"])
        if not can_submit(person, assignment):
            raise PermissionDenied("Only students of this course can check work.")
        try:
            made = check_work(
                actor=person,
                assignment=assignment,
                files=incoming_files(request),
                idempotency_key=asked["idempotency_key"],
            )
        except SubmissionRefusedError as error:
            raise refusal(error) from error
        return created_check(request, made)

    @extend_schema(
        summary="Hand in the files of a check",
        request=DeclarationInputSerializer,
        responses={201: ReceiptSerializer, 400: ErrorResponseSerializer},
        filters=False,
    )
    @action(
        detail=True,
        methods=["post"],
        url_path="hand-in",
        parser_classes=[ShortJsonParser],
        filterset_class=None,
    )
    def hand_in(self, request: Request, pk: str) -> Response:
        """Hand in the files as they were checked, without sending them again.

        If you get no answer, ask again: you get the same receipt.
        """
        check = self.get_object()
        if not can_submit(sender(request), check.assignment):
            raise PermissionDenied("Only students of this course can hand in.")
        asked = DeclarationInputSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        declared, faults = declaration_of(
            check.assignment, asked.validated_data["answers"]
        )
        try:
            run = hand_in_checked_files(
                actor=sender(request),
                self_check=check,
                known=faults,
                declared=declared,
            )
        except SubmissionRefusedError as error:
            raise refusal(error) from error
        return receipt_of(request, run)

    @extend_schema(summary="Download the executed notebook", responses=DOWNLOAD)
    @action(detail=True, filterset_class=None)
    def notebook(self, request: Request, pk: str) -> FileResponse:
        """Send the executed notebook of the check."""
        run = self.get_object().run
        if not run.executed_sha256:
            raise Http404
        return blob_attachment(run.executed_sha256, run.revision.notebook_name)
