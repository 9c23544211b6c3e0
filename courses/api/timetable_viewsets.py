"""Viewsets of a course's sessions and lectures."""

from django.db.models import F, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view

from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from courses.api import filters, timetable_serializers
from courses.models import Lecture, Session


@extend_schema_view(
    list=extend_schema(summary="List sessions"),
    retrieve=extend_schema(summary="Read a session"),
)
class SessionViewSet(ReadOnlyViewSet[Session]):
    """The sessions of your courses, including cancelled ones."""

    queryset = Session.objects.none()
    serializer_class = timetable_serializers.SessionSerializer
    filterset_class = filters.SessionFilter
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Session]:
        """Return the visible sessions, earliest first, those without a time last."""
        return (
            Session.objects.visible_to(sender(self.request))
            .with_teaching()
            .select_related("course", "week")
            .order_by(F("starts_at").asc(nulls_last=True), "position", "pk")
        )


@extend_schema_view(
    list=extend_schema(summary="List lectures"),
    retrieve=extend_schema(summary="Read a lecture"),
)
class LectureViewSet(ReadOnlyViewSet[Lecture]):
    """The lectures of your courses."""

    queryset = Lecture.objects.none()
    serializer_class = timetable_serializers.LectureSerializer
    filterset_class = filters.LectureFilter
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Lecture]:
        """Return the visible lectures, course by course."""
        return (
            Lecture.objects.visible_to(sender(self.request))
            .select_related("course")
            .order_by("course", "number", "pk")
        )
