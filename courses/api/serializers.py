"""Courses and what is in them, as the API writes them. All of it is read-only."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from courses.deadlines import deadline
from courses.models import (
    Assignment,
    AssignmentRevision,
    Course,
    Material,
    Question,
    RequiredFile,
    RevisionFile,
    Role,
    Week,
)


class CourseSerializer(serializers.ModelSerializer[Course]):
    """A course, with what the person who asks is in it."""

    module_codes = serializers.ListField(child=serializers.CharField())
    role = serializers.ChoiceField(
        choices=Role.choices,
        allow_null=True,
        help_text="Your role; null for site staff who are not in the course.",
    )

    class Meta:
        model = Course
        fields = [
            "slug",
            "title",
            "module_codes",
            "academic_year",
            "time_zone",
            "summary",
            "release_at",
            "role",
        ]
        read_only_fields = fields


class WeekSerializer(serializers.ModelSerializer[Week]):
    """A teaching week."""

    course = serializers.SlugRelatedField[Course]("slug", read_only=True)

    class Meta:
        model = Week
        fields = [
            "id",
            "course",
            "number",
            "starts_on",
            "title",
            "summary",
            "release_at",
        ]
        read_only_fields = fields


class MaterialSerializer(serializers.ModelSerializer[Material]):
    """Something to read, watch or work through."""

    course = serializers.SlugRelatedField[Course]("slug", read_only=True)
    week = serializers.IntegerField(
        source="week.number", allow_null=True, default=None, help_text="Its number."
    )
    file_url = serializers.SerializerMethodField(
        help_text="Where the file is downloaded with the same token, if it is a file."
    )

    class Meta:
        model = Material
        fields = [
            "id",
            "course",
            "week",
            "kind",
            "code",
            "title",
            "description",
            "url",
            "file_url",
            "examinable",
            "position",
            "release_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_file_url(self, material: Material) -> str | None:
        """Return the absolute address of its file."""
        if not material.file:
            return None
        return reverse(
            "api:material-file", [material.pk], request=self.context.get("request")
        )


class RequiredFileSerializer(serializers.ModelSerializer[RequiredFile]):
    """A file to hand in: the form's field has its name."""

    class Meta:
        model = RequiredFile
        fields = ["name", "kind", "description", "max_bytes", "is_optional"]
        read_only_fields = fields


class QuestionSerializer(serializers.ModelSerializer[Question]):
    """A part of an assignment that earns points.

    SECURITY: its checks are left out. Their names and descriptions are for staff
    until each becomes visible, which a run's results see to.
    """

    class Meta:
        model = Question
        fields = ["key", "title", "description", "kind", "points"]
        read_only_fields = fields


class RevisionFileSerializer(serializers.ModelSerializer[RevisionFile]):
    """A file that students get with the assignment."""

    url = serializers.SerializerMethodField(help_text="Where it is downloaded.")

    class Meta:
        model = RevisionFile
        fields = ["name", "part", "sha256", "size", "url"]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField())
    def get_url(self, file: RevisionFile) -> str:
        """Return the absolute address of its content."""
        return reverse(
            "api:assignment-file",
            [file.revision.assignment_id, file.name],
            request=self.context.get("request"),
        )


class RevisionSerializer(serializers.ModelSerializer[AssignmentRevision]):
    """What is run, within which limits, and what is asked.

    SECURITY: takes revisions to which the viewset gave `open_files`; the tests, the
    answers and the private data are not among them.
    """

    files = RevisionFileSerializer(source="open_files", many=True)
    required_files = RequiredFileSerializer(many=True)
    questions = QuestionSerializer(many=True)

    class Meta:
        model = AssignmentRevision
        fields = [
            "number",
            "notebook_name",
            "environment",
            "queue",
            "cell_seconds",
            "question_seconds",
            "run_seconds",
            "memory_mb",
            "disk_mb",
            "gpu_memory_mb",
            "files",
            "required_files",
            "questions",
        ]
        read_only_fields = fields


class DeadlineSerializer(serializers.Serializer[Any]):
    """Your own times, with any extension."""

    due_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField(
        help_text="The last moment at which work is taken."
    )


class AssignmentSerializer(serializers.ModelSerializer[Assignment]):
    """A piece of coursework, with the deadline of the person who asks.

    Takes rows that AssignmentViewSet annotated with `extended_to`.
    """

    course = serializers.SlugRelatedField[Course]("slug", read_only=True)
    week = serializers.IntegerField(
        source="week.number", allow_null=True, default=None, help_text="Its number."
    )
    mine = serializers.SerializerMethodField()
    attempts_used = serializers.IntegerField(help_text="Yours, so far.")
    marks_are_released = serializers.BooleanField(
        help_text="Until then marks are provisional."
    )
    revision = RevisionSerializer(
        allow_null=True, help_text="Null while nothing is published."
    )

    class Meta:
        model = Assignment
        fields = [
            "id",
            "course",
            "week",
            "slug",
            "title",
            "summary",
            "release_at",
            "due_at",
            "closes_at",
            "mine",
            "max_attempts",
            "attempts_used",
            "counting",
            "weight_percent",
            "marks_are_released",
            "revision",
        ]
        read_only_fields = fields

    @extend_schema_field(DeadlineSerializer)
    def get_mine(self, assignment: Assignment) -> dict[str, Any]:
        """Return the person's own deadline."""
        extended_to = assignment.extended_to  # type: ignore[attr-defined]  # annotated
        own = deadline(
            due_at=assignment.due_at,
            closes_at=assignment.closes_at,
            grace_minutes=assignment.grace_minutes,
            extended_to=extended_to,
        )
        return dict(DeadlineSerializer(own).data)
