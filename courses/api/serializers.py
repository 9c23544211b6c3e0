"""Serializers of courses and their content. All are read-only."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from courses.api.late_rule_serializer import LateRuleSerializer
from courses.api.release_field import ReleasedField
from courses.deadlines import deadline_of
from courses.models import (
    Assignment,
    AssignmentRevision,
    Attachment,
    Course,
    Material,
    Question,
    RequiredFile,
    RevisionFile,
    Week,
)
from courses.services.settings_changes import late_words_of
from formats.choices import Role


class CourseSerializer(serializers.ModelSerializer[Course]):
    """A course, with the role in it of the person who asks."""

    module_codes = serializers.ListField(child=serializers.CharField())
    role = serializers.ChoiceField(
        choices=Role.choices,
        allow_null=True,
        help_text="Your role. Null for site staff who are not in the course.",
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
            "late_days",
            "pass_mark",
            "letter_scale",
            "total_decimals",
            "examiners_see_codes",
            "quota_mb",
            "weights_days",
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


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    """Another file or link of a material, such as answers."""

    file_url = serializers.SerializerMethodField(
        help_text=(
            "Where you can download the file with the same token, if it is a file."
        )
    )

    class Meta:
        model = Attachment
        fields = ["id", "label", "url", "file_url", "release_at"]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_file_url(self, attachment: Attachment) -> str | None:
        """Return the absolute address of its file, or None."""
        if not attachment.file:
            return None
        return reverse(
            "api:material-attachment",
            [attachment.material_id, attachment.pk],
            request=self.context.get("request"),
        )


class MaterialSerializer(serializers.ModelSerializer[Material]):
    """Something to read, watch or work through."""

    # SECURITY: takes rows that MaterialViewSet annotated with `is_opened`. Where that is
    # false, the material is only announced: its link, text, file and attachments are left
    # out.

    course = serializers.SlugRelatedField[Course]("slug", read_only=True)
    week = serializers.IntegerField(
        source="week.number", allow_null=True, default=None, help_text="Its number."
    )
    also_in = serializers.SerializerMethodField(
        help_text="The numbers of other weeks that show the material."
    )
    session = serializers.CharField(
        source="session_key", allow_null=True, help_text="The session's key."
    )
    lecture = serializers.CharField(
        source="lecture.number",
        allow_null=True,
        default=None,
        help_text="The lecture's number.",
    )
    attachments = AttachmentSerializer(many=True)
    file_url = serializers.SerializerMethodField(
        help_text=(
            "Where you can download the file with the same token, if it is a file."
        )
    )

    class Meta:
        model = Material
        fields = [
            "id",
            "course",
            "week",
            "also_in",
            "session",
            "lecture",
            "key",
            "kind",
            "code",
            "title",
            "description",
            "body",
            "attribution",
            "url",
            "access",
            "file_url",
            "attachments",
            "examinable",
            "position",
            "opens_at",
            "replaced_at",
            "release_at",
        ]
        read_only_fields = fields

    def to_representation(self, instance: Material) -> dict[str, Any]:
        """Return the row, without its content while the material is only announced."""
        row = super().to_representation(instance)
        if not instance.is_opened:  # type: ignore[attr-defined]  # annotated
            row |= {"url": "", "body": "", "file_url": None, "attachments": []}
        return row

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_also_in(self, material: Material) -> list[int]:
        """Return the numbers of those other weeks that the person sees."""
        weeks: list[Week] = material.other_weeks  # type: ignore[attr-defined]  # fetched
        return [week.number for week in weeks]

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_file_url(self, material: Material) -> str | None:
        """Return the absolute address of its file, or None."""
        if not material.file:
            return None
        return reverse(
            "api:material-file", [material.pk], request=self.context.get("request")
        )


class RequiredFileSerializer(serializers.ModelSerializer[RequiredFile]):
    """A file to hand in, under the form field of the same name."""

    class Meta:
        model = RequiredFile
        fields = ["name", "kind", "description", "max_bytes", "is_optional"]
        read_only_fields = fields


class QuestionSerializer(serializers.ModelSerializer[Question]):
    """A part of an assignment that earns points."""

    # SECURITY: its checks are left out. Their names and descriptions are for staff until
    # each becomes visible, and then a run's results show them.

    class Meta:
        model = Question
        fields = ["key", "title", "description", "kind", "points"]
        read_only_fields = fields


class RevisionFileSerializer(serializers.ModelSerializer[RevisionFile]):
    """A file that students get with the assignment."""

    url = serializers.SerializerMethodField(
        help_text="Where you can download the file."
    )

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
    """What is run, within which limits, and with which questions."""

    # SECURITY: takes revisions to which the viewset added `open_files`; tests, answers
    # and private data are not among them.

    notebook_name = serializers.SerializerMethodField(
        help_text="The notebook runs under this name. Null if students hand in files "
        "alone: then nothing is run, and what is said of runs has no meaning."
    )
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

    def get_notebook_name(self, revision: AssignmentRevision) -> str | None:
        """Return the notebook's name, or None if there is no notebook."""
        return revision.notebook_name or None


class DeadlineSerializer(serializers.Serializer[Any]):
    """Your own deadline, with your extension and your accommodation if you have one."""

    due_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField(
        source="stated_closes_at",
        help_text="The last moment at which you can hand in.",
    )


class DeclarationQuestionSerializer(serializers.Serializer[Any]):
    """A question that students answer when they hand in."""

    key = serializers.CharField(help_text="It changes when the question changes.")
    text = serializers.CharField()
    is_number = serializers.BooleanField()
    is_required = serializers.BooleanField()


class AssignmentSerializer(serializers.ModelSerializer[Assignment]):
    """An assignment, with the deadline of the person who asks."""

    # Takes rows that AssignmentViewSet annotated with `extra_time`.

    course = serializers.SlugRelatedField[Course]("slug", read_only=True)
    week = serializers.IntegerField(
        source="week.number", allow_null=True, default=None, help_text="Its number."
    )
    component = serializers.CharField(
        source="component.title",
        allow_null=True,
        default=None,
        help_text="The part of the course mark that it belongs to.",
    )
    late_rule = LateRuleSerializer()
    late_words = serializers.SerializerMethodField(
        help_text="The rule for late work in words."
    )
    pass_mark = serializers.DecimalField(
        5,
        2,
        source="pass_percent",
        help_text="The share of the possible points that passes, in %.",
    )
    declaration = serializers.CharField(
        source="statement", help_text="What you confirm when you hand in."
    )
    declaration_questions = DeclarationQuestionSerializer(
        source="asked",
        many=True,
        help_text="Questions that you answer when you hand in: send `answers`.",
    )
    mine = serializers.SerializerMethodField()
    attempts_used = serializers.IntegerField(help_text="Your own attempts so far.")
    marks_are_released = ReleasedField()
    revision = RevisionSerializer(
        allow_null=True, help_text="Null while no revision is published."
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
            "upload_minutes",
            "max_attempts",
            "attempts_used",
            "cooldown_minutes",
            "cpu_budget_seconds",
            "gpu_budget_seconds",
            "self_check_limit",
            "self_check_minutes",
            "counting",
            "declaration",
            "declaration_questions",
            "late_rule",
            "late_words",
            "pass_mark",
            "component",
            "weight_percent",
            "is_extra_credit",
            "marks_out_of",
            "marks_are_released",
            "marking_is_anonymous",
            "regrades_until",
            "regrade_limit",
            "revision",
        ]
        read_only_fields = fields

    def get_late_words(self, assignment: Assignment) -> str:
        """Return the rule as sentences."""
        return late_words_of(assignment)

    @extend_schema_field(DeadlineSerializer)
    def get_mine(self, assignment: Assignment) -> dict[str, Any]:
        """Return the person's own deadline."""
        extra_time = assignment.extra_time  # type: ignore[attr-defined]  # annotated
        return dict(DeadlineSerializer(deadline_of(assignment, extra_time)).data)
