"""What programs send when they hand in, apart from the files."""

import json
from typing import Any, Final

from rest_framework import serializers
from rest_framework.request import Request

from formats.declaration import MOST_QUESTIONS

# An answer that is too long gets words of its own; this bounds the work.
LONGEST_SENT: Final = 10_000
DECLARE: Final = "Confirm that this is your own, unaided work: send declaration=true."


class AnswersField(serializers.DictField):
    """Answers by the keys of their questions; a form sends them as JSON."""

    child = serializers.CharField(
        allow_blank=True, trim_whitespace=False, max_length=LONGEST_SENT
    )

    def to_internal_value(self, data: Any) -> Any:
        """Return the answers. Raises ValidationError."""
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except (ValueError, RecursionError):
                raise serializers.ValidationError(
                    'Send the answers as JSON, such as {"0a1b2c3d4e5f": "none"}.'
                ) from None
        if isinstance(data, dict) and len(data) > MOST_QUESTIONS:
            raise serializers.ValidationError("These are more answers than questions.")
        return super().to_internal_value(data)


class KeyInputSerializer(serializers.Serializer[Any]):
    """The header by which a request that is sent again is known."""

    idempotency_key = serializers.RegexField(
        r"^[!-~]*$",
        max_length=64,
        allow_blank=True,
        error_messages={"invalid": "Use visible ASCII characters without spaces."},
    )


def checked_key(request: Request) -> str:
    """Return the Idempotency-Key of a request, or "". Raises ValidationError."""
    key = request.headers.get("Idempotency-Key", "")
    checked = KeyInputSerializer(data={"idempotency_key": key})
    checked.is_valid(raise_exception=True)
    return str(checked.validated_data["idempotency_key"])


class FilesInputSerializer(KeyInputSerializer):
    """What files are for, apart from the files. Nothing else is read of a request."""

    assignment = serializers.IntegerField(
        min_value=1,
        error_messages=dict.fromkeys(
            ["required", "null", "invalid", "min_value"],
            "Send the assignment's id from /api/v1/assignments/, such as assignment=1.",
        ),
    )


class DeclarationInputSerializer(serializers.Serializer[Any]):
    """What an author declares, with answers to the assignment's questions."""

    declaration = serializers.BooleanField(
        help_text="Send true to confirm the `declaration` of the assignment: by "
        "default that this is your own, unaided work.",
        error_messages=dict.fromkeys(["required", "null", "invalid"], DECLARE),
    )
    answers = AnswersField(
        default=dict,
        help_text="Your answers to the `declaration_questions` of the assignment, by "
        "the key of each question.",
    )

    def validate_declaration(self, declared: bool) -> bool:  # noqa: FBT001  DRF calls it
        """Refuse work that its author does not call their own."""
        if not declared:
            raise serializers.ValidationError(DECLARE, code="declaration_missing")
        return declared


class SubmitInputSerializer(FilesInputSerializer, DeclarationInputSerializer):
    """What is handed in, apart from the files."""


class ForStudentInputSerializer(KeyInputSerializer):
    """What staff send who hand in for a student, apart from the files."""

    assignment = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    student = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, help_text="The student's id."
    )
    reason = serializers.CharField(
        max_length=1000, help_text="Why. The student reads it, too."
    )
    received_at = serializers.DateTimeField(
        default=None,
        help_text="When you got the work, if that is the time that counts.",
    )
    uses_attempt = serializers.BooleanField(
        default=True, help_text="Whether it uses up one of the student's attempts."
    )


class CountingInputSerializer(serializers.Serializer[Any]):
    """Whose files are downloaded: everybody's at this assignment."""

    assignment = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
