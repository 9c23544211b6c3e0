"""The API's list of what runs have used, summed by student, assignment and week."""

from typing import Any

from django.db.models import Count, DateField, F, QuerySet, Sum
from django.db.models.functions import TruncWeek
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.filters import NumberFilter
from accounts.api.strict import ListViewSet
from accounts.http import sender
from courses.api.filters import OfAssignmentFilter, OfCourseFilter
from courses.permissions import work_is_seen
from grading.models import GradingRun
from grading.services.use import hand_ins

FOR_STAFF = "Of the checks: for staff, otherwise null."


class UseFilter(filters.FilterSet):
    course = OfCourseFilter("submission__assignment__course__slug", help_text="A slug.")
    assignment = OfAssignmentFilter(
        "submission__assignment_id", help_text="An assignment's id."
    )
    student = NumberFilter("submission__author_id", help_text="A person's id.")

    class Meta:
        model = GradingRun
        fields: list[str] = []


class UseSerializer(serializers.Serializer[Any]):
    """What the runs of one student and assignment used in one week."""

    course = serializers.SlugField(source="submission__assignment__course__slug")
    assignment = serializers.IntegerField(source="submission__assignment")
    student = serializers.IntegerField(
        source="submission__author", help_text="The person's id."
    )
    week = serializers.DateField(
        source="monday", help_text="Its Monday. A run is of the week in which it ended."
    )
    runs = serializers.IntegerField()
    cpu_seconds = serializers.FloatField(
        source="cpu", help_text="Of the notebooks, without their checks."
    )
    gpu_seconds = serializers.FloatField(
        source="gpu", help_text="For how long the notebooks held a GPU."
    )
    charged_cpu_seconds = serializers.FloatField(
        source="charged_cpu",
        help_text="Of these, what counts against the budget of the assignment: the "
        "runs of the student's own hand-ins.",
    )
    charged_gpu_seconds = serializers.FloatField(source="charged_gpu")
    checking_cpu_seconds = serializers.SerializerMethodField(help_text=FOR_STAFF)
    checking_gpu_seconds = serializers.SerializerMethodField(help_text=FOR_STAFF)

    def get_checking_cpu_seconds(self, row: dict[str, Any]) -> float | None:
        """Return the CPU seconds of the checks, to staff."""
        return row["checking_cpu"] if row["sees_all"] else None

    def get_checking_gpu_seconds(self, row: dict[str, Any]) -> float | None:
        """Return the GPU seconds of the checks, to staff."""
        return row["checking_gpu"] if row["sees_all"] else None


@extend_schema_view(list=extend_schema(summary="List what runs have used"))
class UseViewSet(ListViewSet[GradingRun]):
    """What your runs have used. Staff get everybody's use in their courses."""

    queryset = GradingRun.objects.none()
    serializer_class = UseSerializer
    filterset_class = UseFilter

    def get_queryset(self) -> QuerySet[GradingRun, Any]:
        """Return the sums of the visible runs that have ended, the latest week first.

        A week begins in the portal's time zone, since the rows are of many courses.
        """
        person = sender(self.request)
        return (
            GradingRun.objects.visible_to(person)
            .that_executed()
            .values(
                "submission__assignment__course__slug",
                "submission__assignment",
                "submission__author",
                monday=TruncWeek("finished_at", output_field=DateField()),
                sees_all=work_is_seen(person, assignment="submission__assignment"),
            )
            .annotate(
                runs=Count("pk"),
                cpu=Sum("cpu_seconds"),
                gpu=Sum("gpu_seconds"),
                charged_cpu=Sum("cpu_seconds", filter=hand_ins(), default=0.0),
                charged_gpu=Sum("gpu_seconds", filter=hand_ins(), default=0.0),
                checking_cpu=Sum(F("checking_cpu_seconds")),
                checking_gpu=Sum(F("checking_gpu_seconds")),
            )
            .order_by("-monday", "submission__assignment", "submission__author")
        )
