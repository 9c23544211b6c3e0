"""The API of extra time with what grading adds: which marks it would change."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import ErrorResponseSerializer
from accounts.http import sender
from courses.api.accommodation_viewsets import (
    AccommodationViewSet,
    SetAccommodationSerializer,
)
from courses.api.extension_viewsets import (
    ExtensionViewSet,
    GrantExtensionsSerializer,
    asked_grants,
    check_edits,
    edited_assignment,
    refused_fields,
)
from courses.services.accommodations import built_accommodation
from courses.services.extensions import check_grants
from grading.api.fields import points_field
from grading.services.blind_marking import known_marks
from grading.services.extra_time_plan import (
    plan_extensions,
    plan_saved_accommodation,
    plan_withdrawn_accommodations,
    plan_withdrawn_extensions,
)
from grading.services.settings_plan import SettingsPlan


class _OfStudentSerializer(serializers.Serializer[Any]):
    assignment = serializers.IntegerField(
        source="assignment.pk", help_text="The assignment's id."
    )
    student = serializers.IntegerField(source="student.pk")
    student_name = serializers.CharField(source="student.name")
    attempt = serializers.IntegerField(
        allow_null=True, help_text="The attempt, by its number."
    )


class ChangedMarkSerializer(_OfStudentSerializer):
    """A mark that would change. `attempt` is the one that would count."""

    before = points_field(allow_null=True, help_text="Null if there is no mark yet.")
    after = points_field()


class ChangedLatenessSerializer(_OfStudentSerializer):
    """An attempt that would become late, or would no longer be late."""

    becomes_late = serializers.BooleanField()


class ExtraTimePlanSerializer(serializers.Serializer[Any]):
    """What extra time would change, as the course's pages show it."""

    marks = serializers.SerializerMethodField()
    lateness = ChangedLatenessSerializer(many=True)
    leaves_out = serializers.SerializerMethodField(
        help_text="Whether students are never listed in `marks`, because you give a "
        "second marking for them and must not know the first one yet."
    )

    @extend_schema_field(ChangedMarkSerializer(many=True))
    def get_marks(self, plan: SettingsPlan) -> Any:
        """Return the marks that would change, as far as the person may know them."""
        rows = known_marks(self.context["viewer"], plan.marks).rows
        return ChangedMarkSerializer(rows, many=True).data

    def get_leaves_out(self, plan: SettingsPlan) -> bool:
        """Return whether students are never listed."""
        return known_marks(self.context["viewer"], plan.marks).leaves_out


def plan_answer(request: Request, plan: SettingsPlan) -> Response:
    """Answer with what extra time would change."""
    context = {"viewer": sender(request)}
    return Response(ExtraTimePlanSerializer(plan, context=context).data)


class PlannedExtensionViewSet(ExtensionViewSet):
    """Your extensions. Those who edit a course get everybody's in it."""

    @extend_schema(
        summary="Preview extensions",
        request=GrantExtensionsSerializer,
        responses={200: ExtraTimePlanSerializer, 400: ErrorResponseSerializer},
        filters=False,
    )
    @action(detail=False, methods=["post"], filterset_class=None)
    def preview(self, request: Request) -> Response:
        """Say what granting these would change. Nothing is stored."""
        checked = GrantExtensionsSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        asked = checked.validated_data
        assignment = edited_assignment(request, asked["assignment"])
        grants = asked_grants(assignment, asked)
        with refused_fields():
            check_grants(actor=sender(request), assignment=assignment, grants=grants)
        due_at = {each.student.pk: each.due_at for each in grants}
        plan = plan_extensions(assignment=assignment, due_at=due_at)
        return plan_answer(request, plan)

    @extend_schema(
        summary="Preview the withdrawal of an extension",
        responses=ExtraTimePlanSerializer,
    )
    @action(detail=True, filterset_class=None)
    def withdrawal(self, request: Request, pk: str) -> Response:
        """Say what withdrawing it would change. Nothing is stored."""
        found = self.get_object()
        check_edits(request, found.assignment.course)
        plan = plan_withdrawn_extensions([found])
        return plan_answer(request, plan)


class PlannedAccommodationViewSet(AccommodationViewSet):
    """Your extra time in your courses. Those who edit a course get everybody's in it."""

    @extend_schema(
        summary="Preview an accommodation",
        request=SetAccommodationSerializer,
        responses={200: ExtraTimePlanSerializer, 400: ErrorResponseSerializer},
        filters=False,
    )
    @action(detail=False, methods=["post"], filterset_class=None)
    def preview(self, request: Request) -> Response:
        """Say what giving this would change. Nothing is stored."""
        given = self.asked(request)
        with refused_fields():
            row = built_accommodation(actor=sender(request), **given)
        return plan_answer(request, plan_saved_accommodation(row))

    @extend_schema(
        summary="Preview the withdrawal of an accommodation",
        responses=ExtraTimePlanSerializer,
    )
    @action(detail=True, filterset_class=None)
    def withdrawal(self, request: Request, pk: str) -> Response:
        """Say what withdrawing it would change. Nothing is stored."""
        plan = plan_withdrawn_accommodations([self.edited(request)])
        return plan_answer(request, plan)
