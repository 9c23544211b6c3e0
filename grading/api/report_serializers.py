"""What a check shows beside its score, as the API has it."""

from typing import Any

from rest_framework import serializers


class DifferenceSerializer(serializers.Serializer[Any]):
    """A place in two values, such as `[0, 3]`, and what each has there."""

    place = serializers.CharField()
    expected = serializers.CharField(allow_blank=True)
    found = serializers.CharField(allow_blank=True)


class MetricSerializer(serializers.Serializer[Any]):
    """A measured number, as text, and what it has to be."""

    name = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)
    unit = serializers.CharField(allow_blank=True)
    bound = serializers.CharField(allow_blank=True)


class PictureSerializer(serializers.Serializer[Any]):
    """A picture that a check shows: a PNG file, or the words that say why there is none."""

    caption = serializers.CharField(allow_blank=True)
    width = serializers.IntegerField(help_text="In pixels.")
    height = serializers.IntegerField(help_text="In pixels.")
    png = serializers.CharField(
        allow_blank=True,
        help_text="The PNG file in Base64. Its pixels may be the student's.",
    )
    fault = serializers.CharField(
        allow_blank=True, help_text="Why there is no picture. Empty if there is one."
    )


class CheckReportSerializer(serializers.Serializer[Any]):
    """What a check compared, measured and shows. All of it may be the student's."""

    expected = serializers.CharField(
        allow_blank=True, help_text="Empty if nothing that was compared differed."
    )
    found = serializers.CharField(allow_blank=True)
    differences = DifferenceSerializer(
        many=True, help_text="The first places where the two differ."
    )
    differing = serializers.IntegerField(
        help_text="Of two arrays, how many of the `compared` numbers differ."
    )
    compared = serializers.IntegerField()
    metrics = MetricSerializer(many=True)
    pictures = PictureSerializer(many=True)
