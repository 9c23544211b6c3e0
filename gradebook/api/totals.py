"""The API of course totals: one's own, or everybody's for staff."""

from typing import Any, Final

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import ErrorResponseSerializer
from accounts.api.serializers import PersonSerializer
from accounts.api.strict import StrictAPIView
from accounts.http import sender
from accounts.models import User
from courses.models import Course
from courses.permissions import can_view_all_work
from gradebook.pages.course_total import TotalTable
from gradebook.pages.gradebook import all_totals
from gradebook.pages.marks import marks_page

# Extra credit can be far more than the rest of a part.
_PERCENT: Any = {"max_digits": 20, "decimal_places": 2}


UNDECIDED: Final = "The lecturer has not decided yet how the total is made."


class TotalPartSerializer(serializers.Serializer[Any]):
    """An assessment, and what counts of it in its part of the course."""

    assignment = serializers.IntegerField(source="assignment.pk")
    slug = serializers.CharField(source="assignment.slug")
    title = serializers.CharField(source="assignment.title")
    points = serializers.DecimalField(
        9,
        2,
        source="score.points",
        allow_null=True,
        help_text="Null while there is no mark that counts.",
    )
    possible = serializers.DecimalField(9, 2)
    is_excused = serializers.BooleanField(source="score.is_excused")
    is_withheld = serializers.BooleanField(
        source="score.is_withheld",
        help_text="Whether the mark is withheld, so that the total waits for it.",
    )
    is_dropped = serializers.BooleanField(
        help_text="Whether it does not count, because others are better."
    )


class TotalComponentSerializer(serializers.Serializer[Any]):
    """A part of the course with what the student has in it."""

    title = serializers.CharField(source="share.title")
    weight = serializers.DecimalField(
        **_PERCENT, source="share.weight", help_text="Its share of the course, in %."
    )
    percent = serializers.DecimalField(
        **_PERCENT, allow_null=True, help_text="Null while nothing of it has a mark."
    )
    is_excused = serializers.BooleanField(source="is_left_out")
    is_below_required = serializers.BooleanField(
        help_text="Whether it is less than is needed to pass the course."
    )
    parts = TotalPartSerializer(many=True)


class TotalSerializer(serializers.Serializer[Any]):
    """The total of a student in a course."""

    student = PersonSerializer(source="user")
    module_code = serializers.CharField()
    percent = serializers.DecimalField(
        **_PERCENT,
        source="table.percent",
        allow_null=True,
        help_text="Rounded half up to the decimals of the course. Null while no part "
        "has a mark, or the weights do not add up to 100 %.",
    )
    weight = serializers.DecimalField(
        **_PERCENT,
        source="table.weight",
        help_text="How much of the course the parts are that have a mark, in %.",
    )
    letter = serializers.CharField(
        source="table.letter", help_text="Empty without a letter scale."
    )
    passes = serializers.BooleanField(
        source="table.passes",
        allow_null=True,
        help_text="Null until everything has a mark.",
    )
    is_complete = serializers.BooleanField(source="table.is_complete")
    is_withheld = serializers.BooleanField(
        source="table.is_withheld",
        help_text="Whether a mark is withheld. Staff then have the total of all others, "
        "and the student has none.",
    )
    components = TotalComponentSerializer(source="table.shares", many=True)


class CourseTotalsSerializer(serializers.Serializer[Any]):
    """The totals of a course that you may see."""

    problems = serializers.ListField(
        child=serializers.CharField(),
        help_text="Why there are no totals yet, in words. Empty if there are.",
    )
    totals = TotalSerializer(many=True)


class TotalListView(StrictAPIView):
    """Your total in a course, from what is released. Staff get everybody's."""

    @extend_schema(
        summary="List the totals of a course",
        responses={200: CourseTotalsSerializer, 404: ErrorResponseSerializer},
        tags=["courses"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return your own total. For staff: all totals, from all marks as they are now.

        Staff who may not see the marks of all coursework, because some of it is marked
        anonymously or waits for their own second marking, get no totals.
        """
        person = sender(request)
        course = get_object_or_404(Course.objects.visible_to(person), slug=slug)
        now = timezone.now()
        if can_view_all_work(person, course):
            problems, rows = all_totals(user=person, course=course, now=now)
        else:
            page = marks_page(user=person, course=course, now=now)
            # SECURITY: the problems add the weights of coursework that is hidden.
            problems = (UNDECIDED,) if page.formula.problems else ()
            rows = [_row(person, page.module_code, page.total)] if page.total else []
        data = {"problems": problems, "totals": [] if problems else rows}
        return Response(CourseTotalsSerializer(data).data)


def _row(person: User, module_code: str, table: TotalTable) -> dict[str, Any]:
    return {"user": person, "module_code": module_code, "table": table}
