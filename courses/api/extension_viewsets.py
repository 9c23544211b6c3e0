"""The API of extensions: list, grant, withdraw."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import ErrorResponseSerializer
from accounts.api.short_json import ShortJsonParser
from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from accounts.models import ApiToken
from courses.api.edited_courses import GrantedFields, with_is_edited
from courses.api.filters import ExtensionFilter
from courses.models import Assignment, Course, Extension
from courses.permissions import Right, can
from courses.services.extension_rows import named_students
from courses.services.extensions import (
    ExtensionGrant,
    grant_extensions,
    withdraw_extension,
)
from courses.services.field_refusals import FieldsRefusedError

MOST_STUDENTS: Final = 500
_EDITORS_ONLY: Final = "Only those who edit the course can do this."


class ExtensionSerializer(GrantedFields, serializers.ModelSerializer[Extension]):
    """A student's own deadline for one assignment."""

    course = serializers.SlugRelatedField[Course](
        "slug", source="assignment.course", read_only=True
    )
    assignment = serializers.IntegerField(
        source="assignment_id", help_text="The assignment's id."
    )
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
        model = Extension
        fields = [
            "id",
            "course",
            "assignment",
            "student",
            "student_name",
            "due_at",
            "reason",
            "granted_by",
            "granted_at",
        ]
        read_only_fields = fields


class GrantExtensionsSerializer(serializers.Serializer[Any]):
    """Extensions to grant: one deadline for one or several students."""

    assignment = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, help_text="The assignment's id."
    )
    students = serializers.ListField(
        child=serializers.CharField(max_length=254),
        min_length=1,
        max_length=MOST_STUDENTS,
        help_text="Logins or addresses of students of the course.",
    )
    due_at = serializers.DateTimeField(help_text="The new deadline, with its offset.")
    reason = serializers.CharField(max_length=1_000)


@extend_schema_view(
    list=extend_schema(summary="List extensions"),
    retrieve=extend_schema(summary="Read an extension"),
)
class ExtensionViewSet(ReadOnlyViewSet[Extension]):
    """Your extensions. Those who edit a course get everybody's in it."""

    queryset = Extension.objects.none()
    serializer_class = ExtensionSerializer
    filterset_class = ExtensionFilter
    parser_classes: ClassVar[list[Any]] = [ShortJsonParser]  # type: ignore[misc]
    write_scope = ApiToken.Scope.EXTEND
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Extension]:
        """Return the visible extensions, the latest first."""
        user = sender(self.request)
        rows = (
            Extension.objects.visible_to(user)
            .select_related("assignment__course", "student", "granted_by")
            .order_by("-granted_at", "-pk")
        )
        found: QuerySet[Extension] = with_is_edited(
            rows, user, course="assignment__course"
        )
        return found

    @extend_schema(
        summary="Grant extensions",
        request=GrantExtensionsSerializer,
        responses={
            201: ExtensionSerializer(many=True),
            400: ErrorResponseSerializer,
        },
        filters=False,
    )
    def create(self, request: Request) -> Response:
        """Give students this deadline, all or none.

        It replaces extensions that they have of this assignment. Marks follow at once.
        """
        checked = GrantExtensionsSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        asked = checked.validated_data
        assignment = edited_assignment(request, asked["assignment"])
        with refused_fields():
            granted = grant_extensions(
                actor=sender(request),
                assignment=assignment,
                grants=asked_grants(assignment, asked),
            )
        rows = self.get_queryset().filter(pk__in=[each.pk for each in granted])
        return Response(self.get_serializer(rows, many=True).data, status=201)

    @extend_schema(summary="Withdraw an extension", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Withdraw the extension. Marks follow at once."""
        found = self.get_object()
        check_edits(request, found.assignment.course)
        withdraw_extension(actor=sender(request), extension=found)
        return Response(status=204)


def asked_grants(assignment: Assignment, asked: Any) -> list[ExtensionGrant]:
    """Return what a GrantExtensionsSerializer asks for. Raises ValidationError."""
    names = enumerate(asked["students"], start=1)
    students, problems = named_students(assignment.course, names)
    if problems:
        raise ValidationError({"students": [each.message for each in problems]})
    return [
        ExtensionGrant(student=each, due_at=asked["due_at"], reason=asked["reason"])
        for each in students
    ]


@contextmanager
def refused_fields() -> Iterator[None]:
    """Turn what a service refuses into errors of the fields."""
    try:
        yield
    except FieldsRefusedError as error:
        raise ValidationError(
            {name: [words] for name, words in error.faults.items()}
        ) from error


def check_edits(request: Request, course: Course) -> None:
    """Raise PermissionDenied unless the person edits the course, which they see."""
    if not can(sender(request), Right.MANAGE_PEOPLE, course):
        raise PermissionDenied(_EDITORS_ONLY)


def edited_assignment(request: Request, pk: int) -> Assignment:
    """Return the assignment. Raises NotFound, or PermissionDenied without the right."""
    visible = Assignment.objects.visible_to(sender(request))
    try:
        found = visible.select_related("course").get(pk=pk)
    except Assignment.DoesNotExist:
        raise NotFound("There is no such assignment.") from None
    check_edits(request, found.course)
    return found
