"""Serializers of a course's people, announcements and changes. All are read-only."""

from rest_framework import serializers

from courses.change_texts import change_text
from courses.models import Announcement, Course, CourseChange, Enrolment


class AnnouncementSerializer(serializers.ModelSerializer[Announcement]):
    """A notice to everybody in the course."""

    course = serializers.SlugRelatedField[Course]("slug", read_only=True)
    author = serializers.CharField(source="author.name")

    class Meta:
        model = Announcement
        fields = [
            "id",
            "course",
            "title",
            "body",
            "author",
            "release_at",
            "ends_at",
            "is_pinned",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "release_at": {
                "help_text": (
                    "If this is null or in the future, students do not see the "
                    "announcement yet."
                )
            }
        }


class CourseChangeSerializer(serializers.ModelSerializer[CourseChange]):
    """Something that somebody changed."""

    # SECURITY: only staff are told who did it. What it is about is only named to those
    # who see that. Takes rows that CourseChangeViewSet annotated.

    course = serializers.SlugRelatedField[Course]("slug", read_only=True)
    summary = serializers.SerializerMethodField(
        help_text=(
            "What is new, in words. If it names a deadline, it is your own deadline "
            "as it is now."
        )
    )
    session = serializers.CharField(
        source="session_key", allow_null=True, help_text="The session's key."
    )
    material = serializers.CharField(
        source="material_key", allow_null=True, help_text="The material's key."
    )
    assignment = serializers.CharField(
        source="assignment_slug", allow_null=True, help_text="The assignment's slug."
    )
    made_by = serializers.SerializerMethodField(
        help_text=(
            "The person's name. Only for staff. Null if the portal itself made the "
            "change."
        )
    )

    class Meta:
        model = CourseChange
        fields = [
            "id",
            "course",
            "kind",
            "summary",
            "reason",
            "before",
            "after",
            "session",
            "material",
            "assignment",
            "is_public",
            "made_by",
            "made_at",
        ]
        read_only_fields = fields

    def get_summary(self, change: CourseChange) -> str:
        """Return what is new, for the person who asks."""
        return change_text(change)

    def get_made_by(self, change: CourseChange) -> str | None:
        """Return the name of who did it, for staff of the course."""
        is_staffed: bool = change.is_staffed  # type: ignore[attr-defined]  # annotated
        return change.made_by.name if is_staffed and change.made_by else None


class EnrolmentSerializer(serializers.ModelSerializer[Enrolment]):
    """A person in a course that you staff."""

    course = serializers.SlugRelatedField[Course]("slug", read_only=True)
    user = serializers.IntegerField(
        source="user_id", help_text="The person's id, as in submissions and marks."
    )
    name = serializers.CharField(source="user.name")
    email = serializers.EmailField(source="user.email")
    login = serializers.CharField(source="user.login")

    class Meta:
        model = Enrolment
        fields = [
            "id",
            "course",
            "user",
            "name",
            "email",
            "login",
            "role",
            "module_code",
            "is_active",
            "enrolled_at",
        ]
        read_only_fields = fields
