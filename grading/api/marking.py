"""The API of marking by hand: what is to be marked, the answers, and what they get."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import (
    ErrorDetail,
    NotFound,
    PermissionDenied,
    ValidationError,
)
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import ErrorResponseSerializer
from accounts.api.short_json import ShortJsonParser
from accounts.api.strict import StrictAPIView
from accounts.http import sender
from accounts.models import ApiToken
from courses.models import Assignment, Rubric
from courses.permissions import Right, can
from grading.api.errors import MarkingChanged
from grading.api.fields import KnownFieldsSerializer, points_field
from grading.api.submissions import assignment_for
from grading.models import Marking, Stage
from grading.models.markings import LONGEST_COMMENT
from grading.pages.marking_cells import SourceCell, answer_sources
from grading.pages.marking_desk import MarkingDesk, NoSuchWorkError, load_desk
from grading.services.marker_scope import MarkerScope, marker_scope
from grading.services.marking import (
    MOST_ADJUSTMENT,
    GivenMarking,
    MarkingConflictError,
    MarkingRefusedError,
    save_marking,
)
from grading.services.marking_queue import WorkItem, load_marking_queue
from rendering.notebooks import NotebookUnreadableError

_MOST_ITEMS: Final = 500
_QUESTION: Final = "question"


class RubricItemSerializer(serializers.Serializer[Any]):
    """An item of a rubric."""

    id = serializers.IntegerField(source="pk")
    text = serializers.CharField()
    points = points_field()


class RubricGroupSerializer(serializers.Serializer[Any]):
    """Items of which one or several are chosen, and the bounds of their sum."""

    title = serializers.CharField()
    choose = serializers.ChoiceField(["one", "several"])
    maximum = points_field(allow_null=True)
    minimum = points_field(allow_null=True)
    items = RubricItemSerializer(source="items.all", many=True)


class RubricSerializer(serializers.Serializer[Any]):
    """How a question is marked. Earlier revisions may have another rubric."""

    id = serializers.IntegerField(source="pk")
    question = serializers.CharField(source="key", help_text="The question's key.")
    points = points_field(help_text="The most points of the question.")
    starts = serializers.ChoiceField(
        ["zero", "full"], help_text="From which points the items are added or taken."
    )
    version = serializers.IntegerField()
    groups = RubricGroupSerializer(source="groups.all", many=True)


class WorkSerializer(serializers.Serializer[Any]):
    """A question of a student's attempt that you may mark."""

    question = serializers.CharField(source="key", help_text="The question's key.")
    code = serializers.CharField(help_text="By it, markers know the student here.")
    student = serializers.SerializerMethodField(
        help_text="The person's id. Null while the marking is anonymous."
    )
    attempt = serializers.IntegerField(
        help_text="The attempt that counts now; 0 if nothing was handed in."
    )
    stage = serializers.ChoiceField(
        Stage.choices, help_text="Which marking of the question you make."
    )
    rubric = serializers.IntegerField(help_text="The rubric's id.")
    version = serializers.IntegerField(
        help_text="Of the marking; 0 while there is none. Send it with your own."
    )
    is_finished = serializers.BooleanField(help_text="Whether its points count.")
    is_running = serializers.BooleanField(
        help_text="Whether the notebook has not been run to its end yet."
    )
    is_excused = serializers.BooleanField(
        help_text="Whether the student is excused, so that nothing counts that you mark."
    )

    def get_student(self, work: "WorkItem | MarkedWork") -> int | None:
        """Return the student's id, unless names are hidden."""
        scope: MarkerScope = self.context["scope"]
        return work.student if scope.sees_names else None


class CellCommentSerializer(serializers.Serializer[Any]):
    """Words at one cell."""

    cell = serializers.IntegerField(
        min_value=1, max_value=10**6, help_text="All cells are counted, from 1."
    )
    text = serializers.CharField(max_length=LONGEST_COMMENT)


class GivenSerializer(serializers.Serializer[Any]):
    """What a marker gives for the question."""

    adjustment = serializers.DecimalField(
        max_digits=7,
        decimal_places=2,
        min_value=-MOST_ADJUSTMENT,
        max_value=MOST_ADJUSTMENT,
        default=Decimal(0),
        help_text="Points added to those of the items, or taken from them.",
    )
    comment = serializers.CharField(
        max_length=LONGEST_COMMENT,
        allow_blank=True,
        default="",
        help_text="The student reads it when the marks are released.",
    )
    cell_comments = CellCommentSerializer(many=True, default=list)
    is_finished = serializers.BooleanField(
        default=True, help_text="Whether the points count. A draft counts nothing."
    )


class GivenInputSerializer(GivenSerializer, KnownFieldsSerializer):
    """What you give, and the attempt and the version that you have read."""

    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**31 - 1),
        max_length=_MOST_ITEMS,
        help_text="The ids of the chosen items. It may be empty.",
    )
    is_finished = serializers.BooleanField(
        help_text="Whether the points count. A draft counts nothing."
    )
    attempt = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text="The attempt that you have read."
    )
    version = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    reason = serializers.CharField(
        max_length=1_000,
        allow_blank=True,
        default="",
        help_text="Why you change it. It stays in the history.",
    )


class MarkingSerializer(GivenSerializer):
    """A marking as it is stored."""

    version = serializers.IntegerField()
    items = serializers.SerializerMethodField()
    points = points_field(help_text="By the rubric as it is now.")
    updated_at = serializers.DateTimeField()

    def get_items(self, marking: Marking) -> list[int]:
        """Return the ids of the chosen items."""
        return sorted(item.pk for item in marking.items.all())


class AnswerCellSerializer(serializers.Serializer[Any]):
    """A cell of the student's answer."""

    cell = serializers.IntegerField(help_text="All cells are counted, from 1.")
    kind = serializers.ChoiceField(["code", "markdown", "raw"])
    text = serializers.CharField()


@dataclass(frozen=True, kw_only=True)
class MarkedWork:
    """A question of a student's attempt, with the answer and its marking."""

    item: WorkItem
    answer: Sequence[SourceCell]
    marking: Marking | None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.item, name)


class MarkedWorkSerializer(WorkSerializer):
    """A question of a student's attempt, with the answer and its marking."""

    answer = AnswerCellSerializer(
        many=True,
        help_text="The cells of the question. Names are taken out while the marking "
        "is anonymous. Empty if the notebook cannot be read.",
    )
    marking = MarkingSerializer(allow_null=True)


class MarkingApiView(StrictAPIView):
    """Loads the assignment whose work the person may mark."""

    write_scope = ApiToken.Scope.MARK

    def assignment(self, request: Request, pk: int) -> Assignment:
        """Return the assignment. Raises NotFound and PermissionDenied."""
        found = assignment_for(request, pk)
        if not can(sender(request), Right.GRADE, found.course):
            raise PermissionDenied("Only those who mark in the course can do this.")
        return found


class RubricListView(MarkingApiView):
    """The rubrics of an assignment."""

    @extend_schema(
        operation_id="rubrics",
        summary="List the rubrics of an assignment",
        responses=RubricSerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        """Return all rubrics, those of earlier revisions too."""
        found = self.assignment(request, pk)
        rows = Rubric.objects.filter(assignment=found).prefetch_related("groups__items")
        return Response(RubricSerializer(rows, many=True).data)


class MarkingListView(MarkingApiView):
    """What you may mark in an assignment."""

    def query_parameters(self) -> Collection[str]:
        """Return the name of the filter."""
        return (_QUESTION,)

    @extend_schema(
        operation_id="marking_list",
        summary="List what you may mark",
        parameters=[
            OpenApiParameter(
                _QUESTION, OpenApiTypes.STR, description="A question's key."
            )
        ],
        responses=WorkSerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        """Return a row for each question and student, by question and then by code."""
        found = self.assignment(request, pk)
        scope = marker_scope(sender(request), found)
        key = request.query_params.get(_QUESTION, "")
        queue = load_marking_queue(found, scope, key=key)
        if key and queue.question(key) is None:
            words = ErrorDetail(
                "People mark no such question.", code="unknown_question"
            )
            raise ValidationError({_QUESTION: [words]})
        shown = WorkSerializer(queue.own, many=True, context={"scope": scope})
        return Response(shown.data)


class MarkingView(MarkingApiView):
    """A question of a student's attempt: the answer, and what you give for it."""

    parser_classes = [ShortJsonParser]

    @extend_schema(
        operation_id="marking",
        summary="Read an answer and its marking",
        responses=MarkedWorkSerializer,
    )
    def get(self, request: Request, pk: int, key: str, code: str) -> Response:
        """Return the attempt that counts now."""
        return self._answer(self._desk(request, pk, key, code))

    @extend_schema(
        operation_id="marking_save",
        summary="Mark an answer",
        request=GivenInputSerializer,
        responses={
            200: MarkedWorkSerializer,
            400: ErrorResponseSerializer,
            409: ErrorResponseSerializer,
        },
    )
    def put(self, request: Request, pk: int, key: str, code: str) -> Response:
        """Store a marking in the place of the version that you have read.

        If somebody else has changed it since, or another attempt counts by now, the
        answer is 409 and nothing is stored.
        """
        desk = self._desk(request, pk, key, code)
        checked = GivenInputSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        given = checked.validated_data
        if moved := desk.attempt_fault(given["attempt"]):
            raise MarkingChanged(moved, code="attempt_changed")
        try:
            save_marking(
                actor=sender(request),
                target=desk.target,
                given=GivenMarking(
                    items=frozenset(given["items"]),
                    adjustment=given["adjustment"],
                    comment=given["comment"],
                    cell_comments={
                        each["cell"]: each["text"] for each in given["cell_comments"]
                    },
                    is_finished=given["is_finished"],
                ),
                version=given["version"],
                reason=given["reason"],
            )
        except MarkingConflictError as error:
            raise MarkingChanged(str(error)) from error
        except MarkingRefusedError as error:
            words = ErrorDetail(str(error), code="marking_refused")
            raise ValidationError([words]) from error
        return self._answer(self._desk(request, pk, key, code))

    def _desk(self, request: Request, pk: int, key: str, code: str) -> MarkingDesk:
        found = self.assignment(request, pk)
        try:
            return load_desk(sender(request), found, key, code)
        except NoSuchWorkError:
            raise NotFound("There is no such work for you to mark.") from None

    def _answer(self, desk: MarkingDesk) -> Response:
        marking = (
            desk.target.stored()
            .select_related("rubric")
            .prefetch_related("items", "cell_comments", "rubric__groups__items")
            .first()
        )
        try:
            answer = answer_sources(desk.notebook, desk.item.key)
        except NotebookUnreadableError:
            answer = []
        shown = MarkedWork(item=desk.item, answer=answer, marking=marking)
        context = {"scope": desk.scope}
        return Response(MarkedWorkSerializer(shown, context=context).data)
