"""The API of accommodations: list, give, change, withdraw."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import ErrorResponseSerializer
from accounts.api.short_json import ShortJsonParser
from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from accounts.models import ApiToken
from courses.api.edited_courses import GrantedFields, with_is_edited
from courses.api.extension_viewsets import check_edits, refused_fields
from courses.api.filters import AccommodationFilter
from courses.models import Accommodation, Course
from courses.models.accommodation import MOST_HOURS, MOST_PERCENT
from courses.services.accommodations import set_accommodation, withdraw_accommodation
from courses.services.extension_rows import named_students

LONGEST_REASON = 1_000


class AccommodationSerializer(
    GrantedFields, serializers.ModelSerializer[Accommodation]
):
    """A student's extra time for every deadline of a course."""

    course = serializers.SlugRelatedField[Course]("slug", read_only=True)
    student = serializers.IntegerField(
        source="student_id", help_text="The person's id, as in submissions and marks."
    )
    student_name = serializers.CharField(source="student.name")
    reason = serializers.SerializerMethodField(
        help_text="Only for those who edit the course; else null."
    )
    granted_by = serializers.SerializerMethodField(
        help_text="The person's name, for those who edit the course; else null."
    )

    class Meta:
        model = Accommodation
        fields = [
            "id",
            "course",
            "student",
            "student_name",
            "hours",
            "percent",
            "reason",
            "granted_by",
            "granted_at",
        ]
        read_only_fields = fields


class ExtraTimeSerializer(serializers.Serializer[Any]):
    """How much extra time: hours or a percentage, and why."""

    hours = serializers.IntegerField(
        default=0,
        min_value=0,
        max_value=MOST_HOURS,
        help_text="Hours after each deadline.",
    )
    percent = serializers.IntegerField(
        default=0,
        min_value=0,
        max_value=MOST_PERCENT,
        help_text="In place of hours: more time in % of the time from the release of "
        "each assignment to its deadline.",
    )
    reason = serializers.CharField(max_length=LONGEST_REASON)


class SetAccommodationSerializer(ExtraTimeSerializer):
    """An accommodation to give. It replaces one that the student has in the course."""

    course = serializers.SlugField(max_length=80, help_text="The course's slug.")
    student = serializers.CharField(
        max_length=254, help_text="The login or address of a student of the course."
    )


@extend_schema_view(
    list=extend_schema(summary="List accommodations"),
    retrieve=extend_schema(summary="Read an accommodation"),
)
class AccommodationViewSet(ReadOnlyViewSet[Accommodation]):
    """Your extra time in your courses. Those who edit a course get everybody's in it."""

    queryset = Accommodation.objects.none()
    serializer_class = AccommodationSerializer
    filterset_class = AccommodationFilter
    parser_classes: ClassVar[list[Any]] = [ShortJsonParser]  # type: ignore[misc]
    write_scope = ApiToken.Scope.EXTEND
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Accommodation]:
        """Return the visible accommodations, the latest first."""
        user = sender(self.request)
        rows = (
            Accommodation.objects.visible_to(user)
            .select_related("course", "student", "granted_by")
            .order_by("-granted_at", "-pk")
        )
        found: QuerySet[Accommodation] = with_is_edited(rows, user, course="course")
        return found

    @extend_schema(
        summary="Give an accommodation",
        request=SetAccommodationSerializer,
        responses={201: AccommodationSerializer, 400: ErrorResponseSerializer},
        filters=False,
    )
    def create(self, request: Request) -> Response:
        """Give a student extra time for every deadline. Marks follow at once.

        It replaces one that the student has in the course.
        """
        given = self.asked(request)
        with refused_fields():
            row = set_accommodation(actor=sender(request), **given)
        return self._answer(row, 201)

    @extend_schema(
        summary="Change an accommodation",
        request=ExtraTimeSerializer,
        responses={200: AccommodationSerializer, 400: ErrorResponseSerializer},
    )
    def update(self, request: Request, pk: str) -> Response:
        """Give its student this extra time in place of it. Marks follow at once."""
        found = self.edited(request)
        checked = ExtraTimeSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        with refused_fields():
            row = set_accommodation(
                actor=sender(request),
                course=found.course,
                student=found.student,
                **checked.validated_data,
            )
        return self._answer(row, 200)

    @extend_schema(summary="Withdraw an accommodation", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Withdraw the accommodation. Marks follow at once."""
        row = self.edited(request)
        withdraw_accommodation(actor=sender(request), accommodation=row)
        return Response(status=204)

    def asked(self, request: Request) -> dict[str, Any]:
        """Return what the request asks to give. Raises an APIException."""
        checked = SetAccommodationSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        asked = checked.validated_data
        courses = Course.objects.visible_to(sender(request))
        course = courses.filter(slug=asked["course"]).first()
        if course is None:
            raise NotFound("There is no such course.")
        check_edits(request, course)
        students, problems = named_students(course, [(1, asked["student"])])
        if problems:
            raise ValidationError({"student": [each.message for each in problems]})
        return {**asked, "course": course, "student": students[0]}

    def edited(self, request: Request) -> Accommodation:
        """Return the row. Raises PermissionDenied unless the person edits the course."""
        found = self.get_object()
        check_edits(request, found.course)
        return found

    def _answer(self, row: Accommodation, status: int) -> Response:
        shown = self.get_serializer(self.get_queryset().get(pk=row.pk))
        return Response(shown.data, status=status)
