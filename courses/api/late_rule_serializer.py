"""The document of the API about a rule for late work."""

from typing import Any

from rest_framework import serializers

from formats.choices import LateMode, LateUnit


class LateRuleSerializer(serializers.Serializer[Any]):
    """The rule for late work that applies: the assignment's own or the course's."""

    mode = serializers.ChoiceField(LateMode.choices)
    unit = serializers.ChoiceField(
        LateUnit.choices, help_text="A unit that has begun counts whole."
    )
    step = serializers.DecimalField(
        6,
        2,
        allow_null=True,
        help_text="What each unit costs: points, or a percentage. If points are "
        "multiplied: the percentage that is left.",
    )
    floor = serializers.DecimalField(
        5,
        2,
        allow_null=True,
        help_text="No deduction takes work below this share of the possible points, "
        "in %.",
    )
    maximum = serializers.DecimalField(
        5,
        2,
        allow_null=True,
        help_text="The most that is taken, in % of the possible points.",
    )
    zero_after = serializers.IntegerField(
        allow_null=True, help_text="After so many units, work gets no points."
    )
    days_limit = serializers.IntegerField(
        allow_null=True, help_text="How many late days may be used for it."
    )
