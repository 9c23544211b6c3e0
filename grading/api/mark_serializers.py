"""Documents of the API about marks."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from accounts.api.serializers import PersonSerializer
from grading.api.fields import WHEN, points_field
from grading.api.marks import report_on
from grading.api.serializers import HiddenPointsSerializer
from grading.models import Mark, Standing


class MarkPartsSerializer(serializers.ModelSerializer[Mark]):
    """What the final points are made of."""

    automatic_points = serializers.DecimalField(7, 2, read_only=True)
    manual_points = serializers.DecimalField(
        7,
        2,
        read_only=True,
        help_text="The points that people gave for the attempt that counts.",
    )
    late_penalty = serializers.DecimalField(
        7,
        2,
        read_only=True,
        help_text="The points that the attempt that counts loses because it is late, "
        "by the rule and the deadline as they are now.",
    )
    late_reason = serializers.CharField(
        source="points.late_words",
        read_only=True,
        help_text="Why, in words. Empty for work that is on time.",
    )
    cap = serializers.DecimalField(
        5,
        2,
        source="cap_percent",
        read_only=True,
        allow_null=True,
        help_text="The most that the student can have, in % of the possible points. "
        "Null without a cap.",
    )
    cap_reason = serializers.CharField(
        source="cap_words", read_only=True, help_text="Why, as the student reads it."
    )
    final_points = serializers.DecimalField(7, 2, read_only=True)

    class Meta:
        model = Mark
        fields = [
            "automatic_points",
            "manual_points",
            "adjustment",
            "late_penalty",
            "late_reason",
            "cap",
            "cap_reason",
            "final_points",
        ]
        read_only_fields = fields


class MarkSerializer(serializers.Serializer[Any]):
    """A student's mark for an assignment, as far as you may see it."""

    # Takes marks from `marks_for`.

    id = serializers.IntegerField(source="mark.pk")
    course = serializers.CharField(source="mark.assignment.course.slug")
    assignment = serializers.IntegerField(source="mark.assignment_id")
    student = PersonSerializer(source="mark.student")
    run = serializers.UUIDField(
        allow_null=True,
        source="run_id",
        help_text="The run of the attempt that counts. Null while this would reveal "
        "results of hidden checks, and if the student is excused.",
    )
    updated_at = serializers.DateTimeField(
        allow_null=True,
        help_text=f"{WHEN} Null while the mark is provisional. Staff always see it.",
    )
    is_provisional = serializers.BooleanField(
        source="shown.is_provisional",
        help_text="Whether the mark is not released yet. You get the released mark "
        "only after you can no longer hand in.",
    )
    standing = serializers.ChoiceField(
        choices=Standing.choices,
        allow_null=True,
        source="shown.standing",
        help_text="What staff have decided. `excused`: the student has no points, and "
        "nothing counts that they hand in, until the decision is taken back. `zero` and "
        "`absent`: they handed in nothing, or were absent, and have 0 points. "
        "`withheld`: the student is told no points, also after the release; the mark "
        "stays provisional for them. Null without a decision, and for students before "
        "the release.",
    )
    earned = points_field(
        source="shown.earned",
        allow_null=True,
        help_text="Null if the student is excused, has no mark any more, or is told that "
        "the mark is withheld: leave it out of sums and means.",
    )
    shown_points = points_field(
        source="shown.shown_points",
        allow_null=True,
        help_text="The points of checks that you may see. Null if the student is "
        "excused.",
    )
    points = points_field(
        source="shown.points", help_text="The points that could be earned."
    )
    hidden = HiddenPointsSerializer(source="shown.hidden", many=True)
    parts = MarkPartsSerializer(
        allow_null=True,
        help_text="For staff at any time, for students after marks are released. Null "
        "if the student is excused.",
    )

    def to_representation(self, instance: Mark) -> dict[str, Any]:
        """Write what may be shown, never the row itself."""
        return super().to_representation(report_on(instance, now=timezone.now()))
