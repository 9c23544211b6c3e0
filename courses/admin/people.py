"""Courses and who is in them."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from courses.admin.importing import ScopedImportExport
from courses.admin.inlines import ComponentInline
from courses.admin.resources import EnrolmentResource
from courses.admin.scope import CourseScopedAdmin, ScopedInline
from courses.models import Course, Enrolment, Role, Week
from courses.permissions import STAFF_ROLES


class StaffInline(ScopedInline):
    """Assistants and lecturers. Hundreds of students would not fit a form."""

    model = Enrolment
    verbose_name = "member of staff"
    verbose_name_plural = "staff"
    fields = ["user", "role", "is_active"]
    readonly_fields = ["user"]
    max_num = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).filter(role__in=STAFF_ROLES)
        return rows.select_related("user", "course")


class WeekInline(ScopedInline):
    model = Week
    fields = ["number", "starts_on", "title", "release_at"]


@admin.register(Course)
class CourseAdmin(CourseScopedAdmin):
    list_display = ["title", "codes", "academic_year", "people", "release_at"]
    list_filter = ["academic_year"]
    search_fields = ["title", "slug"]
    date_hierarchy = "release_at"
    prepopulated_fields = {"slug": ["title", "academic_year"]}
    readonly_fields = ["people"]
    lecturers_add = False
    lecturers_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        active = Q(enrolments__is_active=True, enrolments__role=Role.STUDENT)
        students = Count("enrolments", filter=active)
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(students=students)
        return counted

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [StaffInline, ComponentInline, WeekInline] if obj else []

    @admin.display(description="students", ordering="students")
    def people(self, course: Any) -> str:
        """The number of students, as a link to everybody in the course."""
        if course.pk is None:
            return "–"  # noqa: RUF001  a dash for nothing
        address = reverse("admin:courses_enrolment_changelist")
        return format_html(
            '<a href="{}?course__id__exact={}">{}</a>',
            address,
            course.pk,
            course.students,
        )


@admin.register(Enrolment)
class EnrolmentAdmin(ScopedImportExport, CourseScopedAdmin):
    """Who is in a course. Somebody who leaves is made inactive, not deleted."""

    resource_classes = [EnrolmentResource]
    list_display = [
        "user",
        "email",
        "course",
        "role",
        "module_code",
        "is_active",
        "enrolled_at",
    ]
    list_filter = [
        ("course", admin.RelatedOnlyFieldListFilter),
        "role",
        "module_code",
        "is_active",
    ]
    list_select_related = ["user", "course"]
    search_fields = [
        "user__email",
        "user__first_name",
        "user__last_name",
        "user__login",
    ]
    autocomplete_fields = ["user", "course"]
    date_hierarchy = "enrolled_at"
    lecturers_delete = False

    @admin.display(ordering="user__email")
    def email(self, enrolment: Enrolment) -> str:
        return enrolment.user.email
