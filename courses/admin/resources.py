"""Enrolments as a table: one row for each person and course."""

from typing import Any

from django.db.models import QuerySet
from import_export import fields, resources, widgets

from accounts.models import User
from courses.models import Course, Enrolment


class CourseWidget(widgets.ForeignKeyWidget):
    """Finds a course by its slug, among those that the importer edits."""

    courses: QuerySet[Course] | None = None

    def get_queryset(self, value: Any, row: Any, *args: Any, **kwargs: Any) -> Any:
        return Course.objects.none() if self.courses is None else self.courses


class EnrolmentResource(resources.ModelResource):
    """Course, email, role and whether the person is still there.

    People must have an account. A row for somebody who is in the course already
    changes the role.
    """

    course = fields.Field("course", "course", CourseWidget(Course, "slug"))
    email = fields.Field(
        "user", "email", widgets.ForeignKeyWidget(User, "email__iexact")
    )

    class Meta:
        model = Enrolment
        fields = ["course", "email", "role", "is_active"]
        import_id_fields = ["course", "email"]
        clean_model_instances = True
        skip_unchanged = True

    def __init__(self, courses: QuerySet[Course] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fields["course"].widget = CourseWidget(Course, "slug")
        self.fields["course"].widget.courses = courses

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("course", "user")

    def dehydrate_email(self, enrolment: Enrolment) -> str:
        return enrolment.user.email
