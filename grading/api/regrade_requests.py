"""The API of regrade requests: students ask, and those who mark answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final

from django.db.models import (
    BooleanField,
    Case,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import (
    ErrorDetail,
    PermissionDenied,
    ValidationError,
)
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import ErrorResponseSerializer
from accounts.api.short_json import ShortJsonParser
from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from accounts.models import ApiToken, User
from courses.models import Course
from courses.permissions import Right, can
from grading.api.errors import MarkingChanged, RequestClosed
from grading.api.fields import points_field
from grading.api.filters import RegradeRequestFilter
from grading.api.submissions import assignment_for
from grading.hidden_names import StudentWords
from grading.models import MarkingAlias, RegradeRequest
from grading.models.markings import LONGEST_COMMENT
from grading.models.regrade_requests import LONGEST_WORDS
from grading.services.mark_adjustment import AdjustmentRefusedError
from grading.services.marking import (
    GivenMarking,
    MarkingConflictError,
)
from grading.services.marking_refused import MarkingRefusedError
from grading.services.regrade_requests import (
    MarkedAgain,
    RegradeRequestClosedError,
    RegradeRequestRefusedError,
    answer_regrade_request,
    ask_for_regrade,
    question_of,
    withdraw_regrade_request,
)

_MOST_ITEMS: Final = 500
_HIDDEN: Final = "Null for staff while the marking is anonymous."


class RegradeRequestSerializer(serializers.ModelSerializer[RegradeRequest]):
    """A request for a question to be marked again, and its answer."""

    # SECURITY: students are not told who has answered, and markers do not learn from an
    # anonymous request whose it is. Rows are from `get_queryset`.

    course = serializers.SlugRelatedField[Course](
        "slug", source="submission.assignment.course", read_only=True
    )
    assignment = serializers.IntegerField(
        source="submission.assignment_id", help_text="The assignment's id."
    )
    question = serializers.CharField(source="key", help_text="The question's key.")
    student = serializers.IntegerField(
        source="shown_student", allow_null=True, help_text=f"The person's id. {_HIDDEN}"
    )
    student_code = serializers.CharField(
        allow_null=True,
        help_text="The code by which markers know the student in this assignment.",
    )
    submission = serializers.UUIDField(
        source="shown_submission", allow_null=True, help_text=_HIDDEN
    )
    reason = serializers.SerializerMethodField(
        help_text="Without the student's names for staff while the marking is "
        "anonymous."
    )
    points_before = points_field(
        allow_null=True, help_text="The points when the student asked."
    )
    points_after = points_field(
        allow_null=True, help_text="The points when the request was answered."
    )
    answered_by = serializers.SerializerMethodField(
        help_text="The person's name, for staff; else null."
    )

    class Meta:
        model = RegradeRequest
        fields = [
            "id",
            "course",
            "assignment",
            "question",
            "student",
            "student_code",
            "submission",
            "made_at",
            "reason",
            "state",
            "points_before",
            "points_after",
            "answer",
            "answered_by",
            "answered_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.CharField())
    def get_reason(self, row: Any) -> str:
        """Return the reason as the person may read it."""
        submission = row.submission
        if row.is_own or not submission.assignment.marking_is_anonymous:
            return str(row.reason)
        return StudentWords.of(submission.author).hidden_in(row.reason)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_answered_by(self, row: Any) -> str | None:
        """Return who has answered, for staff."""
        return row.answered_by.name if row.answered_by and not row.is_own else None


class AskAgainSerializer(serializers.Serializer[Any]):
    """A question of your attempt that counts, and what should be looked at again."""

    assignment = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    question = serializers.SlugField(max_length=60, help_text="The question's key.")
    reason = serializers.CharField(max_length=LONGEST_WORDS)


class MarkedAgainSerializer(serializers.Serializer[Any]):
    """A marking in the place of the present one. Comments at cells stay."""

    version = serializers.IntegerField(
        min_value=1, help_text="That of the marking which you have seen."
    )
    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**31 - 1),
        max_length=_MOST_ITEMS,
        help_text="The ids of the chosen items of the rubric.",
    )
    adjustment = serializers.DecimalField(7, 2, default=Decimal(0))
    comment = serializers.CharField(
        default="", allow_blank=True, max_length=LONGEST_COMMENT
    )


class AnswerRegradeSerializer(serializers.Serializer[Any]):
    """Words for the student, and what is given now; without it, the points stay."""

    answer = serializers.CharField(
        max_length=LONGEST_WORDS,
        help_text="The student reads it, and gets it by mail. Markdown.",
    )
    marking = MarkedAgainSerializer(
        required=False, help_text="For a question that people mark."
    )
    points = serializers.DecimalField(
        7,
        2,
        default=Decimal(0),
        help_text="For a question that checks mark: the points to add to the mark, or "
        "to take from it.",
    )


@extend_schema_view(
    list=extend_schema(summary="List regrade requests"),
    retrieve=extend_schema(summary="Read a regrade request"),
)
class RegradeRequestViewSet(ReadOnlyViewSet[RegradeRequest]):
    """Your regrade requests. Those who mark get the requests that they may answer."""

    queryset = RegradeRequest.objects.none()
    serializer_class = RegradeRequestSerializer
    filterset_class = RegradeRequestFilter
    parser_classes = [ShortJsonParser]
    lookup_value_converter = "int"

    @property
    def write_scope(self) -> ApiToken.Scope:
        """The scope that a token needs: students ask, and those who mark answer."""
        scopes = ApiToken.Scope
        return scopes.MARK if self.action == "answer" else scopes.SUBMIT

    def get_queryset(self) -> QuerySet[RegradeRequest]:
        """Return the visible requests with what may be shown, the latest first."""
        user = sender(self.request)
        return _rows(user, RegradeRequest.objects.visible_to(user))

    @extend_schema(
        summary="Ask for a question to be marked again",
        request=AskAgainSerializer,
        responses={201: RegradeRequestSerializer, 400: ErrorResponseSerializer},
        filters=False,
    )
    def create(self, request: Request) -> Response:
        """Ask, once your marks are released. The answer comes by mail."""
        checked = AskAgainSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        asked, person = checked.validated_data, sender(request)
        assignment = assignment_for(request, asked["assignment"])
        if not can(person, Right.SUBMIT, assignment.course):
            raise PermissionDenied("Only students of this course can ask.")
        with _refusals():
            row = ask_for_regrade(
                actor=person,
                assignment=assignment,
                key=asked["question"],
                reason=asked["reason"],
            )
        return self._answer(row, 201)

    @extend_schema(
        summary="Withdraw a regrade request",
        request=None,
        responses={200: RegradeRequestSerializer, 409: ErrorResponseSerializer},
        filters=False,
    )
    @action(detail=True, methods=["post"], filterset_class=None)
    def withdraw(self, request: Request, pk: str) -> Response:
        """Withdraw your own request, while it has no answer."""
        row = self.get_object()
        if row.submission.author_id != sender(request).pk:
            raise PermissionDenied("Only the person who asked can withdraw a request.")
        with _refusals():
            withdraw_regrade_request(actor=sender(request), request=row)
        return self._answer(row, 200)

    @extend_schema(
        summary="Answer a regrade request",
        request=AnswerRegradeSerializer,
        responses={
            200: RegradeRequestSerializer,
            400: ErrorResponseSerializer,
            409: ErrorResponseSerializer,
        },
        filters=False,
    )
    @action(detail=True, methods=["post"], filterset_class=None)
    def answer(self, request: Request, pk: str) -> Response:
        """Answer it, with a new marking or points, or without. Marks follow at once."""
        row = self.get_object()
        if not can(sender(request), Right.GRADE, row.submission.assignment.course):
            raise PermissionDenied("Only people who mark can answer.")
        checked = AnswerRegradeSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        sent = checked.validated_data
        with _refusals():
            answer_regrade_request(
                actor=sender(request),
                request=row,
                answer=sent["answer"],
                again=_marked_again(row, sent),
            )
        return self._answer(row, 200)

    def _answer(self, row: RegradeRequest, status: int) -> Response:
        # The person has just asked or answered, so they may see it.
        rows = RegradeRequest.objects.filter(pk=row.pk)
        shown = self.get_serializer(_rows(sender(self.request), rows).get())
        return Response(shown.data, status=status)


def _rows(user: User, rows: QuerySet[RegradeRequest]) -> QuerySet[RegradeRequest]:
    """Return the rows with what of them may be shown to this person."""
    is_own = Q(submission__author=user)
    names = is_own | Q(submission__assignment__marking_is_anonymous=False)
    codes = MarkingAlias.objects.filter(
        assignment=OuterRef("submission__assignment"),
        student=OuterRef("submission__author"),
    ).order_by()
    found: QuerySet[RegradeRequest] = (
        rows.select_related(
            "submission__assignment__course", "submission__author", "answered_by"
        )
        .annotate(
            is_own=Case(
                When(is_own, then=Value(value=True)),
                default=Value(value=False),
                output_field=BooleanField(),
            ),
            shown_student=Case(When(names, then=F("submission__author"))),
            shown_submission=Case(When(names, then=F("submission"))),
            student_code=Subquery(codes.values("code")[:1]),
        )
        .order_by("-made_at", "-pk")
    )
    return found


def _marked_again(row: RegradeRequest, sent: dict[str, Any]) -> MarkedAgain:
    """Return what is given. Comments at cells are those of the present marking."""
    given = sent.get("marking")
    if given is None:
        return MarkedAgain(by=sent["points"])
    found = question_of(row)
    comments = (
        found.marking.cell_comments.all() if found and found.marking is not None else ()
    )
    return MarkedAgain(
        given=GivenMarking(
            items=frozenset(given["items"]),
            adjustment=given["adjustment"],
            comment=given["comment"],
            cell_comments={each.cell: each.text for each in comments},
        ),
        version=given["version"],
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the services' refusals into errors of the API."""
    try:
        yield
    except RegradeRequestClosedError as error:
        raise RequestClosed(str(error)) from error
    except MarkingConflictError as error:
        raise MarkingChanged(error.for_programs) from error
    except MarkingRefusedError as error:
        words = ErrorDetail(error.for_programs, code="request_refused")
        raise ValidationError([words]) from error
    except (RegradeRequestRefusedError, AdjustmentRefusedError) as error:
        words = ErrorDetail(str(error), code="request_refused")
        raise ValidationError([words]) from error
