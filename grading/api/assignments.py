"""The API of assignments with what grading adds: whether one may hand in now."""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.http import sender
from accounts.models import User
from courses.api.viewsets import AssignmentViewSet
from courses.deadlines import deadline_for, is_late
from courses.models import Assignment
from grading.pages.late_work import late_work_of
from grading.services.use import budget_refusals
from submissions.api.serializers import OpenedAttemptSerializer, ProblemSerializer
from submissions.api.storage import QuotaSerializer
from submissions.models import OpenedAttempt
from submissions.quota import quotas_of
from submissions.services import cannot_hand_in, refusals_at


class HandInStatusSerializer(serializers.Serializer[Any]):
    """Whether you may hand in now, and what it would cost."""

    asked_at = serializers.DateTimeField(help_text="Now, by the portal's clock.")
    refusals = ProblemSerializer(
        many=True, help_text="Every reason why you may not. Empty if you may."
    )
    is_late = serializers.BooleanField(
        help_text="Whether what you hand in now is late, by your own deadline."
    )
    cost_now = serializers.CharField(
        allow_blank=True,
        help_text="What handing in now would cost, in words. Empty if it costs nothing.",
    )
    late_days = serializers.CharField(
        allow_blank=True,
        help_text="How many late days you have left, in words. Empty where they do not "
        "count.",
    )
    attempts_left = serializers.IntegerField(
        allow_null=True, help_text="Null if there is no limit."
    )
    quota = QuotaSerializer(help_text="How much room your files take in the course.")
    opened_attempt = OpenedAttemptSerializer(
        allow_null=True,
        help_text="The attempt that you have opened and not handed in. You can go on "
        "with it until `complete_by`, also where `refusals` says that the coursework "
        "is closed.",
    )


class GradedAssignmentViewSet(AssignmentViewSet):
    """The coursework of your courses, with your own deadlines."""

    @extend_schema(
        summary="Ask what handing in now would mean", responses=HandInStatusSerializer
    )
    @action(detail=True, url_path="hand-in", filterset_class=None)
    def hand_in(self, request: Request, pk: int) -> Response:
        """Say whether you may hand in now, and what it would cost. Nothing is stored."""
        assignment, person = self.get_object(), sender(request)
        status = _hand_in_status(assignment, person)
        context = self.get_serializer_context()
        return Response(HandInStatusSerializer(status, context=context).data)


def _hand_in_status(assignment: Assignment, person: User) -> dict[str, Any]:
    """Return the values of HandInStatusSerializer for a row of AssignmentViewSet."""
    row: Any = assignment  # annotated with `attempts_used`
    now, own = timezone.now(), deadline_for(assignment, person)
    late = late_work_of(
        own,
        assignment=assignment,
        possible=_possible_points(assignment),
        user=person,
        now=now,
    )
    limit = assignment.max_attempts
    mine = OpenedAttempt.objects.by(person).unfinished().filter(assignment=assignment)
    opened = mine.filter(expires_at__gt=now).select_related(
        "author", "assignment__course"
    )
    (quota,) = quotas_of(person, [assignment.course])
    return {
        "asked_at": now,
        "refusals": [
            *([] if assignment.revision else [cannot_hand_in(assignment)]),
            *refusals_at(person, assignment, now),
            *budget_refusals(assignment, person),
        ],
        "is_late": is_late(own, now),
        "cost_now": late.cost_now,
        "late_days": late.days_left,
        "attempts_left": None if limit is None else max(limit - row.attempts_used, 0),
        "quota": quota,
        "opened_attempt": opened.prefetch_related("uploads").first(),
    }


def _possible_points(assignment: Assignment) -> Decimal:
    if assignment.marks_out_of is not None:
        return assignment.marks_out_of
    revision = assignment.revision
    questions = revision.questions.all() if revision is not None else ()
    return sum((each.points for each in questions), Decimal(0))
