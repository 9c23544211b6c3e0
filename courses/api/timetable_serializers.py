"""Serializers of a course's sessions and lectures. All are read-only."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from courses.models import Course, Lecture, Session, SessionLecture
from courses.pages.session_items import named_teachers


class LectureSerializer(serializers.ModelSerializer[Lecture]):
    """A topic that sessions treat. Sessions name it by its number."""

    course = serializers.SlugRelatedField[Course]("slug", read_only=True)

    class Meta:
        model = Lecture
        fields = ["id", "course", "number", "title", "examinable"]
        read_only_fields = fields


class SessionLectureSerializer(serializers.ModelSerializer[SessionLecture]):
    """A lecture in a session, or the part of it that is held there."""

    number = serializers.CharField(source="lecture.number")
    title = serializers.CharField(source="lecture.title")

    class Meta:
        model = SessionLecture
        fields = ["number", "title", "part", "watch_before"]
        read_only_fields = fields


class SessionSerializer(serializers.ModelSerializer[Session]):
    """A time at which people meet, in a room, online, or both."""

    course = serializers.SlugRelatedField[Course]("slug", read_only=True)
    week = serializers.IntegerField(source="week.number", help_text="Its number.")
    title = serializers.CharField(source="name", help_text="The name that pages show.")
    room = serializers.CharField(
        source="room.name",
        allow_null=True,
        default=None,
        help_text="Null if the session is online only.",
    )
    teachers = serializers.SerializerMethodField(
        help_text="Names, as the pages show them."
    )
    lectures = SessionLectureSerializer(source="lecture_places", many=True)
    is_cancelled = serializers.BooleanField()

    class Meta:
        model = Session
        fields = [
            "id",
            "course",
            "week",
            "key",
            "kind",
            "title",
            "starts_at",
            "ends_at",
            "room",
            "online_label",
            "online_url",
            "queue_label",
            "queue_url",
            "teachers",
            "by_team",
            "lectures",
            "note",
            "is_cancelled",
            "cancel_reason",
            "moved_from",
            "release_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_teachers(self, session: Session) -> list[Any]:
        """Return the names of its teachers, in order."""
        return named_teachers(session)
