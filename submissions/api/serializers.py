"""Submissions, as the API writes them. Nothing can be stored through these."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from accounts.api.serializers import PersonSerializer
from courses.models import Course
from submissions.models import (
    OnBehalf,
    OpenedAttempt,
    Submission,
    SubmittedFile,
    Upload,
)


class SubmittedFileSerializer(serializers.ModelSerializer[SubmittedFile]):
    """A file as it was received."""

    url = serializers.SerializerMethodField(
        help_text="Where you can download the file. Null if its content was removed."
    )

    class Meta:
        model = SubmittedFile
        fields = [
            "name",
            "original_name",
            "kind",
            "sha256",
            "size",
            "removed_at",
            "url",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_url(self, file: SubmittedFile) -> str | None:
        """Return the absolute address of the content, None if it was removed."""
        if file.removed_at is not None:
            return None
        return reverse(
            "api:submission-file",
            [file.submission_id, file.name],
            request=self.context.get("request"),
        )


class ProblemSerializer(serializers.Serializer[Any]):
    """A warning about a file. The submission was accepted all the same."""

    code = serializers.CharField()
    message = serializers.CharField()
    file = serializers.CharField(allow_blank=True)
    line = serializers.IntegerField(allow_null=True)
    hint = serializers.CharField(allow_blank=True)


class AnswerSerializer(serializers.Serializer[Any]):
    """An answer, with the question as it was asked."""

    question = serializers.CharField()
    answer = serializers.CharField()
    is_number = serializers.BooleanField()


class DeclarationSerializer(serializers.Serializer[Any]):
    """What the author declared. Without a statement, nothing was declared."""

    statement = serializers.CharField(allow_blank=True)
    answers = AnswerSerializer(many=True)


class OnBehalfSerializer(serializers.ModelSerializer[OnBehalf]):
    """Who handed the attempt in for its author, when, and why."""

    entered_by = serializers.CharField(source="entered_by.name")

    class Meta:
        model = OnBehalf
        fields = ["entered_by", "entered_at", "stated_at", "reason", "uses_attempt"]
        read_only_fields = fields


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    """One attempt: the receipt."""

    course = serializers.SlugRelatedField[Course](
        "slug", source="assignment.course", read_only=True
    )
    author = PersonSerializer()
    is_late = serializers.BooleanField(
        read_only=True,
        help_text=(
            "Whether it was received after the author's own deadline, as the "
            "deadline is now."
        ),
    )
    declaration = DeclarationSerializer()
    on_behalf = OnBehalfSerializer(
        allow_null=True,
        default=None,
        help_text="Set if staff handed it in for its author.",
    )
    files = SubmittedFileSerializer(many=True)
    warnings = ProblemSerializer(many=True)
    receipt_url = serializers.SerializerMethodField(
        help_text="Where you can download the signed receipt."
    )

    class Meta:
        model = Submission
        fields = [
            "id",
            "course",
            "assignment",
            "author",
            "attempt",
            "started_at",
            "received_at",
            "is_late",
            "declaration",
            "on_behalf",
            "files",
            "warnings",
            "receipt_url",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField())
    def get_receipt_url(self, submission: Submission) -> str:
        """Return the absolute address of the signed receipt."""
        return reverse(
            "api:submission-receipt",
            [submission.pk],
            request=self.context.get("request"),
        )


class UploadSerializer(serializers.ModelSerializer[Upload]):
    """A declared file, and how much of it has arrived."""

    url = serializers.SerializerMethodField(
        help_text="Where to send the file with the protocol tus 1.0."
    )

    class Meta:
        model = Upload
        fields = [
            "name",
            "original_name",
            "size",
            "sha256",
            "offset",
            "completed_at",
            "url",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField())
    def get_url(self, upload: Upload) -> str:
        """Return the absolute address of the upload."""
        return reverse("api:upload", [upload.pk], request=self.context.get("request"))


class OpenedAttemptSerializer(serializers.ModelSerializer[OpenedAttempt]):
    """An attempt whose files are declared, and arrive in pieces."""

    course = serializers.SlugRelatedField[Course](
        "slug", source="assignment.course", read_only=True
    )
    author = PersonSerializer()
    is_declared = serializers.BooleanField(
        read_only=True,
        help_text=(
            "Whether its author has confirmed the declaration. If not, it was opened "
            "for a check."
        ),
    )
    files = UploadSerializer(many=True, source="uploads")
    tus_url = serializers.SerializerMethodField(
        help_text="Where a tus client begins with each file."
    )

    class Meta:
        model = OpenedAttempt
        fields = [
            "id",
            "course",
            "assignment",
            "author",
            "opened_at",
            "complete_by",
            "expires_at",
            "is_declared",
            "submission",
            "tus_url",
            "files",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField())
    def get_tus_url(self, opened: OpenedAttempt) -> str:
        """Return the absolute address at which a tus client begins."""
        return reverse(
            "api:upload-create", [opened.pk], request=self.context.get("request")
        )
