"""Viewsets of courses and their content."""

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request

from accounts.api.schema import DOWNLOAD
from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from courses.api import filters, serializers
from courses.models import (
    Assignment,
    Attachment,
    Course,
    Enrolment,
    Material,
    RevisionFile,
    Session,
    Week,
)
from storage.downloads import blob_attachment, field_attachment


@extend_schema_view(
    list=extend_schema(summary="List your courses"),
    retrieve=extend_schema(summary="Read a course"),
)
class CourseViewSet(ReadOnlyViewSet[Course]):
    """The courses that you are in."""

    queryset = Course.objects.none()
    serializer_class = serializers.CourseSerializer
    filterset_class = filters.CourseFilter
    lookup_field = "slug"
    lookup_value_converter = "slug"

    def get_queryset(self) -> QuerySet[Course]:
        """Return the visible courses, newest year first, with the person's role."""
        user = sender(self.request)
        role = Enrolment.objects.active().filter(course=OuterRef("pk"), user=user)
        return (
            Course.objects.visible_to(user)
            .annotate(role=Subquery(role.values("role")[:1]))
            .order_by("-academic_year", "title", "pk")
        )


@extend_schema_view(
    list=extend_schema(summary="List weeks"),
    retrieve=extend_schema(summary="Read a week"),
)
class WeekViewSet(ReadOnlyViewSet[Week]):
    """The weeks of your courses."""

    queryset = Week.objects.none()
    serializer_class = serializers.WeekSerializer
    filterset_class = filters.WeekFilter
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Week]:
        """Return the visible weeks, course by course."""
        return (
            Week.objects.visible_to(sender(self.request))
            .select_related("course")
            .order_by("course", "number")
        )


@extend_schema_view(
    list=extend_schema(summary="List materials"),
    retrieve=extend_schema(summary="Read a material"),
)
class MaterialViewSet(ReadOnlyViewSet[Material]):
    """The materials of your courses."""

    queryset = Material.objects.none()
    serializer_class = serializers.MaterialSerializer
    filterset_class = filters.MaterialFilter
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Material]:
        """Return the visible materials, course by course, in the order of the page."""
        user = sender(self.request)
        opened = Material.objects.opened_to(user).filter(pk=OuterRef("pk"))
        sessions = Session.objects.visible_to(user).filter(pk=OuterRef("session"))
        weeks = Week.objects.visible_to(user).order_by("number")
        return (
            Material.objects.visible_to(user)
            .annotate(
                is_opened=Exists(opened),
                session_key=Subquery(sessions.values("key")[:1]),
            )
            .select_related("course", "week", "lecture")
            .prefetch_related(
                Prefetch("also_in", weeks, to_attr="other_weeks"),
                Prefetch("attachments", Attachment.objects.visible_to(user)),
            )
            .order_by("course", "week__number", "position", "code", "title", "pk")
        )

    @extend_schema(summary="Download a material's file", responses=DOWNLOAD)
    @action(detail=True, filterset_class=None)
    def file(self, request: Request, pk: int) -> FileResponse:
        """Send the material's file as a download, if it is open."""
        material = self.get_object()
        opened = Material.objects.opened_to(sender(request))
        if not opened.filter(pk=material.pk).exists():
            raise Http404
        return field_attachment(material.file, str(material))

    @extend_schema(summary="Download a material's attachment", responses=DOWNLOAD)
    @action(detail=True, url_path="attachments/<int:attachment>", filterset_class=None)
    def attachment(self, request: Request, pk: int, attachment: int) -> FileResponse:
        """Send an attachment's file as a download, if it is released."""
        visible = Attachment.objects.visible_to(sender(request))
        found = get_object_or_404(
            visible.filter(material=self.get_object()).select_related("material"),
            pk=attachment,
        )
        return field_attachment(found.file, str(found))


@extend_schema_view(
    list=extend_schema(summary="List assignments"),
    retrieve=extend_schema(summary="Read an assignment"),
)
class AssignmentViewSet(ReadOnlyViewSet[Assignment]):
    """The coursework of your courses, with your own deadlines."""

    queryset = Assignment.objects.none()
    serializer_class = serializers.AssignmentSerializer
    filterset_class = filters.AssignmentFilter
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Assignment]:
        """Return the visible assignments, soonest deadline first."""
        user = sender(self.request)
        open_files = RevisionFile.objects.filter(part__in=RevisionFile.OPEN_PARTS)
        return (
            Assignment.objects.visible_to(user)
            .with_extra_time_of(user)
            .with_group_release_of(user)
            .select_related("course", "week", "revision", "component")
            .prefetch_related(
                "revision__required_files",
                "revision__questions",
                Prefetch("revision__files", queryset=open_files, to_attr="open_files"),
            )
            .annotate(
                attempts_used=Count(
                    "submissions",
                    filter=Q(submissions__author=user, submissions__uses_attempt=True),
                ),
            )
            .order_by("due_at", "title", "pk")
        )

    @extend_schema(summary="Download a file of the hand-out", responses=DOWNLOAD)
    @action(detail=True, url_path="files/<path:name>", filterset_class=None)
    def file(self, request: Request, pk: int, name: str) -> FileResponse:
        """Send a file of the hand-out, or of the public data."""
        # SECURITY: only open files are searched, so that a test's name is not found.
        open_files = getattr(self.get_object().revision, "open_files", [])
        for found in open_files:
            if found.name == name:
                return blob_attachment(found.sha256, found.name)
        raise Http404
