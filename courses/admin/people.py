"""Admin pages of courses and enrolments."""

import zoneinfo
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from courses.admin.course_choices import course_of_page
from courses.admin.filters import ModuleCodeFilter
from courses.admin.importing import ScopedImportExport
from courses.admin.inlines import ComponentInline
from courses.admin.resources import EnrolmentResource
from courses.admin.saving import SavedByServices
from courses.admin.scope import CourseScopedAdmin, ScopedInline
from courses.admin.times import CourseMomentWidget
from courses.forms.module_codes import ModuleCodesField
from courses.models import Course, Enrolment, Week
from courses.permissions import STAFF_ROLES
from courses.services.enrolments import LastLecturerError
from formats.choices import Role

OWN_ZONE: Final = "the course's time zone, as given on this page"


class EnrolmentForm(forms.ModelForm[Enrolment]):
    """Checks that a course which has a lecturer keeps one."""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        stored = Enrolment.objects.filter(pk=self.instance.pk).first()
        if stored is None or not _is_lecturer(stored.role, stored.is_active):
            return given
        others = Enrolment.objects.active().filter(
            course=stored.course_id, role=Role.LECTURER, user__is_active=True
        )
        stays = _is_lecturer(given.get("role"), given.get("is_active"))
        if not stays and not others.exclude(pk=stored.pk).exists():
            raise ValidationError(str(LastLecturerError()))
        return given


class StaffFormSet(
    forms.BaseInlineFormSet[Enrolment, Course, forms.ModelForm[Enrolment]]
):
    """Checks that a lecturer stays if several stop being lecturers at once."""

    def clean(self) -> None:
        super().clean()
        # A row with an invalid id has no user; its own form shows the error.
        known = [form for form in self.initial_forms if form.instance.user_id]
        rows = [form for form in known if form.instance.user.is_active]
        had_one = any(
            _is_lecturer(form.initial.get("role"), form.initial.get("is_active"))
            for form in rows
        )
        has_one = any(
            _is_lecturer(given.get("role"), given.get("is_active"))
            for given in (getattr(form, "cleaned_data", {}) for form in rows)
        )
        # If a form has an error, only that error is shown.
        if had_one and not has_one and not any(self.errors):
            raise ValidationError(str(LastLecturerError()))


def _is_lecturer(role: object, is_active: object) -> bool:
    return role == Role.LECTURER and bool(is_active)


class StaffInline(ScopedInline):
    """Assistants and lecturers, without students: hundreds would not fit a form."""

    model = Enrolment
    form = EnrolmentForm
    formset = StaffFormSet
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
class CourseAdmin(SavedByServices, CourseScopedAdmin):
    list_display = ["title", "codes", "academic_year", "people", "release_at"]
    list_filter = ["academic_year"]
    search_fields = ["title", "slug"]
    date_hierarchy = "release_at"
    prepopulated_fields = {"slug": ["title", "academic_year"]}
    readonly_fields = ["people"]
    lecturers_add = False
    lecturers_delete = False

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "module_codes":
            return ModuleCodesField()
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(getattr(field, "widget", None), CourseMomentWidget):
            is_new = course_of_page(Course, request) is None
            field.widget.zone_words = OWN_ZONE if is_new else ""
        return field

    def zone_of_page(
        self, request: HttpRequest, object_id: str | None
    ) -> zoneinfo.ZoneInfo | None:
        """Return the course's zone; for a new course, the one entered on the page."""
        if object_id is not None:
            return super().zone_of_page(request, object_id)
        given = request.POST.get("time_zone", "")
        is_zone = given in zoneinfo.available_timezones()
        return zoneinfo.ZoneInfo(given) if is_zone else None

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        super().save_model(request, obj, form, change)
        if change and "time_zone" in form.changed_data:
            self.message_user(
                request,
                "Every session and deadline is still at the same moment, so its time "
                f"of day in the zone {obj.time_zone} is different. Check all times of "
                "the course.",
                messages.WARNING,
            )

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
        """Return the number of students, as a link to everybody in the course."""
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
class EnrolmentAdmin(ScopedImportExport, SavedByServices, CourseScopedAdmin):
    """Enrolments. A person who leaves is made inactive, not deleted."""

    resource_classes = [EnrolmentResource]
    form = EnrolmentForm
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
        ModuleCodeFilter,
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
    is_long = True
    show_full_result_count = False
    lecturers_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # An enrolment is never given to another person or course.
        return ["user", "course"] if obj else []

    @admin.display(ordering="user__email")
    def email(self, enrolment: Enrolment) -> str:
        return enrolment.user.email
