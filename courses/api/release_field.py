"""The API field that says whether marks are released to the reader."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from courses.models import Assignment


class ReleasedField(serializers.BooleanField):
    """Whether marks are out for everybody, or for the reader's group.

    Takes assignments from `with_group_release_of`.
    """

    def __init__(self) -> None:
        super().__init__(
            read_only=True,
            help_text="Whether marks are released to you: to all students, or to those "
            "of your module code. Your mark is also provisional until you can no longer "
            "hand in.",
        )

    def get_attribute(self, instance: Assignment) -> Any:
        """Return whether one of the two releases is out by now."""
        at = instance.group_released_at  # type: ignore[attr-defined]  # annotated
        is_out_for_group = at is not None and at <= timezone.now()
        return instance.marks_are_released or is_out_for_group
