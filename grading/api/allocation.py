"""The API of allocation: who marks what, how far they are, and giving answers to markers."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import ErrorResponseSerializer
from accounts.api.short_json import ShortJsonParser
from accounts.http import sender
from accounts.models import User
from courses.models import Assignment
from courses.permissions import Right, can
from grading.api.fields import KnownFieldsSerializer
from grading.api.marking import MarkingApiView
from grading.api.submissions import assignment_for
from grading.forms.marking import AllocationForm, SecondMarkingForm
from grading.models import Stage
from grading.models.markings import ALLOCATED_STAGES
from grading.pages.marking import marking_page
from grading.services.allocation import (
    MOST_PERCENT,
    Allocated,
    AllocationRefusedError,
    allocate,
    allocate_second,
    withdraw_allocation,
)
from grading.services.allocation_plan import AllocationPlan, apply_allocation
from grading.services.marker_scope import EVERYTHING, marker_scope
from grading.services.marking_queue import load_marking_queue

_MOST_MARKERS: Final = 500
_MOST_STUDENTS: Final = 5_000
_ALL: Final = "Without it: all questions."
# The names of the page's fields, as the API has them.
_NAMES: Final = {"keys": "questions", "split": "by_question"}
OrderFormT = TypeVar("OrderFormT", AllocationForm, SecondMarkingForm)


class MarkerSerializer(serializers.Serializer[Any]):
    """A person who marks."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()


class MarkerProgressSerializer(serializers.Serializer[Any]):
    """What a marker is given of a question: `given` is `marked` and `waiting` together."""

    marker = serializers.IntegerField(help_text="The person's id.")
    name = serializers.CharField()
    stage = serializers.ChoiceField(ALLOCATED_STAGES)
    given = serializers.IntegerField(help_text="The answers that they are given.")
    marked = serializers.IntegerField(
        source="given_marked", help_text="Of these, by whomever."
    )
    waiting = serializers.IntegerField(help_text="Of these, marked by nobody.")
    own = serializers.IntegerField(
        source="marked",
        help_text="The answers that they have marked, whoever is given them.",
    )
    per_hour = serializers.FloatField(
        allow_null=True, help_text="In the last 24 hours. Null if they marked nothing."
    )


class QuestionProgressSerializer(serializers.Serializer[Any]):
    """How far a question is: `answers` is `marked` and `waiting` together."""

    question = serializers.CharField(source="key", help_text="The question's key.")
    title = serializers.CharField()
    answers = serializers.IntegerField(
        source="progress.answers",
        help_text="Those of the attempts that count, without excused students.",
    )
    marked = serializers.IntegerField(source="progress.marked")
    waiting = serializers.IntegerField(source="progress.waiting")
    not_given = serializers.IntegerField(
        source="progress.not_given",
        help_text="The answers that are given to nobody for the first marking.",
    )
    not_given_waiting = serializers.IntegerField(
        source="progress.not_given_waiting", help_text="Of these, those that wait."
    )
    markers = MarkerProgressSerializer(many=True)


class GivenShareSerializer(serializers.Serializer[Any]):
    """What a marker is given, as it can be withdrawn."""

    marker = MarkerSerializer()
    stage = serializers.ChoiceField(ALLOCATED_STAGES)
    question = serializers.CharField(
        source="key", help_text="The question's key. Empty for all questions."
    )
    students = serializers.IntegerField(
        allow_null=True, help_text="How many students. Null for all."
    )


class AllocationSerializer(serializers.Serializer[Any]):
    """Who marks what in an assignment, and how far they are."""

    questions = QuestionProgressSerializer(many=True)
    allocations = GivenShareSerializer(
        many=True, help_text="For those who edit the course. Otherwise empty."
    )


class ChangedShareSerializer(serializers.Serializer[Any]):
    """How many answers a marker is given of a question, before and after."""

    marker = MarkerSerializer()
    stage = serializers.ChoiceField(ALLOCATED_STAGES)
    question = serializers.CharField(source="key", help_text="The question's key.")
    before = serializers.IntegerField()
    after = serializers.IntegerField()


class AllocationPlanSerializer(serializers.Serializer[Any]):
    """What was allocated, or what would be in a dry run."""

    dry_run = serializers.BooleanField(help_text="Whether nothing was stored.")
    answers = serializers.IntegerField(
        source="done.answers", help_text="How many answers are given to somebody new."
    )
    left_out = serializers.IntegerField(
        source="done.left_out",
        help_text="How many are not, since one marker would mark the same answer twice.",
    )
    changes = ChangedShareSerializer(many=True)


class _TriedSerializer(KnownFieldsSerializer):
    dry_run = serializers.BooleanField(
        default=False,
        help_text="Say what would change, and store nothing. Who gets which answer is "
        "drawn at random, so only the numbers hold.",
    )


class _OrderSerializer(_TriedSerializer):
    markers = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**31 - 1),
        max_length=_MOST_MARKERS,
        help_text="The ids of staff of the course.",
    )
    questions = serializers.ListField(
        child=serializers.CharField(max_length=60),
        required=False,
        max_length=_MOST_MARKERS,
        help_text=f"The keys of questions. {_ALL}",
    )


class AllocateSerializer(_OrderSerializer):
    """What is to be given to whom."""

    by_question = serializers.BooleanField(
        default=False,
        help_text="Give each question to one of the markers. Otherwise the students are "
        "shared out evenly, at random.",
    )
    students = serializers.ListField(
        child=serializers.CharField(max_length=254),
        required=False,
        max_length=_MOST_STUDENTS,
        help_text="Logins or addresses. Without it: everybody.",
    )
    module_code = serializers.CharField(
        required=False,
        max_length=60,
        help_text="Only students with this code, and those of `students`.",
    )
    replaces = serializers.BooleanField(
        default=False,
        help_text="Allocate anew what is allocated already. Otherwise only answers that "
        "nobody is given are allocated.",
    )


class DrawSerializer(_OrderSerializer):
    """How many students are drawn for a second marking, and by whom."""

    percent = serializers.IntegerField(
        min_value=1,
        max_value=MOST_PERCENT,
        help_text="Afterwards so many of the students with work have a second marker.",
    )


class WithdrawSerializer(_TriedSerializer):
    """What is taken back from a marker. Markings stay."""

    marker = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    stage = serializers.ChoiceField(ALLOCATED_STAGES, default=Stage.FIRST.value)
    question = serializers.CharField(
        max_length=60,
        allow_blank=True,
        help_text="The key, or empty for what is given of all questions together.",
    )


_ANSWERS: Final = {200: AllocationPlanSerializer, 400: ErrorResponseSerializer}


class AllocationApiView(MarkingApiView):
    """Loads the assignment whose answers the person may allocate."""

    parser_classes = [ShortJsonParser]

    def edited(
        self, request: Request, pk: int, *, right: Right = Right.EDIT
    ) -> Assignment:
        """Return the assignment. Raises NotFound, and PermissionDenied without the right."""
        found = assignment_for(request, pk)
        if not can(sender(request), right, found.course):
            raise PermissionDenied("Your role in the course does not allow this.")
        return found

    def answer(
        self, assignment: Assignment, act: Callable[[], Allocated], *, is_tried: bool
    ) -> Response:
        """Do it or try it. Raises ValidationError in the words of the page."""
        try:
            plan = apply_allocation(assignment, act, is_tried=is_tried)
        except AllocationRefusedError as refused:
            words = ErrorDetail(str(refused), code="allocation_refused")
            raise ValidationError([words]) from refused
        return Response(_plan(plan, is_tried=is_tried))


class AllocationView(AllocationApiView):
    """Who marks what, and giving answers to markers."""

    @extend_schema(
        operation_id="allocation",
        summary="Read who marks what",
        responses=AllocationSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        """Return the progress of each question by marker, and what markers are given."""
        found = self.assignment(request, pk)
        user = sender(request)
        page = marking_page(
            user=user,
            assignment=found,
            scope=marker_scope(user, found),
            now=timezone.now(),
        )
        return Response(AllocationSerializer(page).data)

    @extend_schema(
        operation_id="allocation_give",
        summary="Give answers to markers",
        request=AllocateSerializer,
        responses=_ANSWERS,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Give answers to markers for the first marking, or say what that would change."""
        found = self.edited(request, pk)
        given = _checked(AllocateSerializer, request)
        form = _valid(
            AllocationForm,
            found,
            {
                "split": "questions" if given["by_question"] else "students",
                "students": "\n".join(given.get("students", [])),
                "module_code": given.get("module_code", ""),
                "replaces": given["replaces"],
            },
            given,
        )
        if given.get("module_code") and "module_code" not in form.fields:
            words = ErrorDetail("The course has one code alone.", code="invalid")
            raise ValidationError({"module_code": [words]})

        def act() -> Allocated:
            return allocate(actor=sender(request), assignment=found, order=form.order)

        return self.answer(found, act, is_tried=given["dry_run"])


class SecondAllocationView(AllocationApiView):
    """Drawing answers for a second marking."""

    @extend_schema(
        operation_id="allocation_draw",
        summary="Draw answers for a second marking",
        request=DrawSerializer,
        responses=_ANSWERS,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Draw students at random, and give their answers to markers a second time."""
        found = self.edited(request, pk)
        given = _checked(DrawSerializer, request)
        form = _valid(SecondMarkingForm, found, {"percent": given["percent"]}, given)

        def act() -> Allocated:
            return allocate_second(
                actor=sender(request),
                assignment=found,
                markers=list(form.cleaned_data["markers"]),
                percent=form.cleaned_data["percent"],
                keys=form.chosen_keys,
            )

        return self.answer(found, act, is_tried=given["dry_run"])


class WithdrawnAllocationView(AllocationApiView):
    """Taking back what a marker is given."""

    @extend_schema(
        operation_id="allocation_withdraw",
        summary="Take back what a marker is given",
        request=WithdrawSerializer,
        responses=_ANSWERS,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Take back what the marker is given of a question. Markings stay.

        What was taken back already changes nothing.
        """
        found = self.edited(request, pk)
        given = _checked(WithdrawSerializer, request)
        rows = found.marker_allocations.filter(marker=given["marker"])
        marker = User.objects.filter(pk__in=rows.values("marker")).first()

        def act() -> Allocated:
            if marker is not None:
                withdraw_allocation(
                    actor=sender(request),
                    assignment=found,
                    marker=marker,
                    stage=Stage(given["stage"]),
                    key=given["question"],
                )
            return Allocated(answers=0)

        return self.answer(found, act, is_tried=given["dry_run"])


def _checked(
    kind: type[serializers.Serializer[Any]], request: Request
) -> dict[str, Any]:
    checked = kind(data=request.data)
    checked.is_valid(raise_exception=True)
    found: dict[str, Any] = checked.validated_data
    return found


def _valid(
    kind: type[OrderFormT],
    assignment: Assignment,
    fields: Mapping[str, Any],
    given: Mapping[str, Any],
) -> OrderFormT:
    """Return the page's form with these values. Raises ValidationError in its words."""
    questions = load_marking_queue(assignment, EVERYTHING).questions
    choices = [(each.key, each.title) for each in questions]
    keys = given.get("questions") or [key for key, _ in choices]
    data = {**fields, "markers": given["markers"], "keys": keys}
    form = kind(assignment, choices, data)
    if not choices:
        words = ErrorDetail(
            "People mark no question of this coursework.", code="allocation_refused"
        )
        raise ValidationError([words])
    if not form.is_valid():
        raise ValidationError(
            {
                _NAMES.get(name, name): [
                    ErrorDetail(str(words), code="invalid") for words in said
                ]
                for name, said in form.errors.items()
            }
        )
    return form


def _plan(plan: AllocationPlan, *, is_tried: bool) -> dict[str, Any]:
    found = AllocationPlanSerializer(
        {"dry_run": is_tried, "done": plan.done, "changes": plan.changes}
    )
    return dict(found.data)
