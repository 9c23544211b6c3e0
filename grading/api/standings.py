"""The API of what staff decide for students: their standing, or a cap of the mark."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import ErrorResponseSerializer
from accounts.http import sender
from courses.permissions import Right
from grading.api.allocation import AllocationApiView
from grading.api.fields import KnownFieldsSerializer
from grading.forms.standings import LONGEST_REASON
from grading.models import LONGEST_CAP_WORDS, Standing
from grading.services.mark_caps import CapRefusedError, set_caps
from grading.services.mark_standing import StandingRefusedError, set_standings

_MOST_STUDENTS: Final = 5_000


class _DecisionSerializer(KnownFieldsSerializer):
    students = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**31 - 1),
        max_length=_MOST_STUDENTS,
        help_text="The ids of students of the course.",
    )
    reason = serializers.CharField(
        max_length=LONGEST_REASON, help_text="It stays in the history of each mark."
    )


class CapsInputSerializer(_DecisionSerializer):
    """Whose marks are capped, at what, and why."""

    percent = serializers.DecimalField(
        5,
        2,
        allow_null=True,
        min_value=Decimal(0),
        max_value=Decimal(100),
        help_text="The most that they can have, in % of the possible points. Null takes "
        "the cap back.",
    )
    words = serializers.CharField(
        max_length=LONGEST_CAP_WORDS,
        required=False,
        default="",
        allow_blank=True,
        help_text="Why, as the students read it with the release.",
    )


class StandingsInputSerializer(_DecisionSerializer):
    """For whom something is decided, what, and why."""

    standing = serializers.ChoiceField(
        choices=Standing.choices,
        allow_null=True,
        help_text="Null takes back what was decided.",
    )


class StandingsSerializer(serializers.Serializer[Any]):
    """For how many students it was stored."""

    students = serializers.IntegerField()


class _DecisionView(AllocationApiView):
    def decide(self, act: Callable[[], int], code: str) -> Response:
        """Do it, and answer for how many. Raises ValidationError in the page's words."""
        try:
            count = act()
        except (StandingRefusedError, CapRefusedError) as refused:
            raise ValidationError([ErrorDetail(str(refused), code=code)]) from refused
        return Response(StandingsSerializer({"students": count}).data)


class StandingsView(_DecisionView):
    """What staff decide for students."""

    @extend_schema(
        operation_id="standings_decide",
        summary="Decide for students",
        request=StandingsInputSerializer,
        responses={200: StandingsSerializer, 400: ErrorResponseSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Store that students are absent, excused or have 0 points, or withhold marks.

        It is for those who manage the course's marks. If it is refused for one student,
        nothing is stored.
        """
        found = self.edited(request, pk, right=Right.MANAGE_MARKS)
        checked = StandingsInputSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        given = checked.validated_data
        wanted = given["standing"]
        act = partial(
            set_standings,
            actor=sender(request),
            assignment=found,
            students=given["students"],
            standing=None if wanted is None else Standing(wanted),
            reason=given["reason"],
        )
        return self.decide(act, "standing_refused")


class CapsView(_DecisionView):
    """The most that students can have."""

    @extend_schema(
        operation_id="caps_set",
        summary="Cap marks",
        request=CapsInputSerializer,
        responses={200: StandingsSerializer, 400: ErrorResponseSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Cap the marks of students at a percentage, or take caps back.

        It is for those who manage the course's marks. If it is refused for one student,
        nothing is stored.
        """
        found = self.edited(request, pk, right=Right.MANAGE_MARKS)
        checked = CapsInputSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        act = partial(
            set_caps, actor=sender(request), assignment=found, **checked.validated_data
        )
        return self.decide(act, "cap_refused")
