"""Viewsets of a course's people, announcements and changes."""

from django.db.models import Exists, Model, OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema, extend_schema_view

from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from courses.api import filters, people_serializers
from courses.models import (
    Announcement,
    Assignment,
    Course,
    CourseChange,
    Enrolment,
    Material,
    Session,
)
from courses.permissions import in_staffed_courses


@extend_schema_view(
    list=extend_schema(summary="List announcements"),
    retrieve=extend_schema(summary="Read an announcement"),
)
class AnnouncementViewSet(ReadOnlyViewSet[Announcement]):
    """The announcements in your courses. Staff also get drafts."""

    queryset = Announcement.objects.none()
    serializer_class = people_serializers.AnnouncementSerializer
    filterset_class = filters.AnnouncementFilter
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Announcement]:
        """Return the visible announcements, the newest first."""
        return (
            Announcement.objects.visible_to(sender(self.request))
            .select_related("course", "author")
            .order_by("-release_at", "-pk")
        )


@extend_schema_view(
    list=extend_schema(summary="List changes"),
    retrieve=extend_schema(summary="Read a change"),
)
class CourseChangeViewSet(ReadOnlyViewSet[CourseChange]):
    """Changes in your courses. Students get those that concern them, staff get all."""

    queryset = CourseChange.objects.none()
    serializer_class = people_serializers.CourseChangeSerializer
    filterset_class = filters.CourseChangeFilter
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[CourseChange]:
        """Return the visible changes, newest first, with the keys of their subjects."""
        user = sender(self.request)
        staffed = Course.objects.staffed_by(user).filter(pk=OuterRef("course"))

        def name_of(rows: QuerySet[Model], row: str, name: str) -> Subquery:
            return Subquery(rows.filter(pk=OuterRef(row)).values(name)[:1])

        return (
            CourseChange.objects.visible_to(user)
            .annotate(
                is_staffed=Exists(staffed),
                session_key=name_of(Session.objects.visible_to(user), "session", "key"),
                material_key=name_of(
                    Material.objects.visible_to(user), "material", "key"
                ),
                assignment_slug=name_of(
                    Assignment.objects.visible_to(user), "assignment", "slug"
                ),
            )
            .with_extra_time_of(user)
            .select_related("course", "made_by", "assignment")
            .order_by("-made_at", "-pk")
        )


@extend_schema_view(
    list=extend_schema(summary="List people"),
    retrieve=extend_schema(summary="Read a person"),
)
class PersonViewSet(ReadOnlyViewSet[Enrolment]):
    """The people of the courses that you staff. Nobody else can list them."""

    queryset = Enrolment.objects.none()
    serializer_class = people_serializers.EnrolmentSerializer
    filterset_class = filters.PersonFilter
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Enrolment]:
        """Return the people, course by course, by name."""
        return (
            Enrolment.objects.filter(
                in_staffed_courses(sender(self.request), course="course")
            )
            .select_related("course", "user")
            .order_by("course", "user__last_name", "user__first_name", "pk")
        )
