"""Submissions, as the API writes them. Nothing can be stored through these."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from accounts.api.serializers import PersonSerializer
from courses.models import Course
from submissions.models import OpenedAttempt, Submission, SubmittedFile, Upload


class SubmittedFileSerializer(serializers.ModelSerializer[SubmittedFile]):
    """A file as it was received."""

    url = serializers.SerializerMethodField(
        help_text="Where you can download the file."
    )

    class Meta:
        model = SubmittedFile
        fields = ["name", "original_name", "kind", "sha256", "size", "url"]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField())
    def get_url(self, file: SubmittedFile) -> str:
        """Return the absolute address of the content."""
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
    files = SubmittedFileSerializer(many=True)
    warnings = ProblemSerializer(many=True)

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
            "files",
            "warnings",
        ]
        read_only_fields = fields


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
