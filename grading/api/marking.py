"""The API of marking by hand: what is to be marked, the answers, and what they get."""

from collections.abc import Collection
from typing import Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
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
from grading.api.marking_documents import (
    GivenInputSerializer,
    MarkedWork,
    MarkedWorkSerializer,
    RubricSerializer,
    WorkSerializer,
)
from grading.api.submissions import assignment_for
from grading.pages.agreed_notice import agreed_notice
from grading.pages.marking_cells import answer_sources
from grading.pages.marking_desk import MarkingDesk, NoSuchWorkError, load_desk
from grading.services.agreement import agreed_marking_of
from grading.services.marker_scope import marker_scope
from grading.services.marking import (
    GivenMarking,
    MarkingConflictError,
    save_marking,
)
from grading.services.marking_queue import load_marking_queue
from grading.services.marking_refused import MarkingRefusedError
from rendering.notebooks import NotebookUnreadableError

_QUESTION: Final = "question"


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
        if desk.attempt_fault(given["attempt"]):
            words = _attempt_words(desk, given["attempt"])
            raise MarkingChanged(words, code="attempt_changed")
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
            raise MarkingChanged(error.for_programs) from error
        except MarkingRefusedError as error:
            refused = ErrorDetail(error.for_programs, code="marking_refused")
            raise ValidationError([refused]) from error
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
        shown = MarkedWork(
            item=desk.item,
            answer=answer,
            marking=marking,
            agreed=agreed_notice(desk, marking, agreed=agreed_marking_of(desk.target)),
        )
        context = {"scope": desk.scope}
        return Response(MarkedWorkSerializer(shown, context=context).data)


def _attempt_words(desk: MarkingDesk, sent: int) -> str:
    """Return why a marking of the attempt that was sent is not stored."""
    now = desk.item.attempt
    counts = f"Attempt {now} counts now" if now else "No attempt counts now"
    return (
        f"{counts}, and you sent a marking of attempt {sent}. Nothing was stored. Read "
        "the work again, and send a marking of what counts."
    )
