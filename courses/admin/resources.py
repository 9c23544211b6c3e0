"""Tables of a course's rows, for import and export.

Each row is found by its course and its name. Files are not part of a table, because a
table could then name any stored file. Times without a zone are in the course's zone.
"""

import datetime as dt
import re
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_datetime
from import_export import fields, resources, widgets

from accounts.models import User
from courses.admin.saving import save_by_service
from courses.models import Course, Enrolment, Lecture, Material, Room, Session, Week
from courses.wall_clock import check_hour


class CourseWidget(widgets.ForeignKeyWidget):
    """Finds a course by its slug, among those that the person edits."""

    courses: QuerySet[Course] | None = None

    def get_queryset(self, value: Any, row: Any, *args: Any, **kwargs: Any) -> Any:
        return Course.objects.none() if self.courses is None else self.courses


class OfCourseWidget(widgets.ForeignKeyWidget):
    """Finds a row by its name, in the course that the line names."""

    courses: QuerySet[Course] | None = None

    def get_queryset(self, value: Any, row: Any, *args: Any, **kwargs: Any) -> Any:
        if self.courses is None:
            return self.model.objects.none()
        return self.model.objects.filter(
            course__in=self.courses, course__slug=row.get("course")
        )

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        try:
            return super().clean(value, row, **kwargs)
        except self.model.DoesNotExist as error:
            noun = self.model._meta.verbose_name  # noqa: SLF001  documented
            raise ValueError(f"This course has no {noun} {value}.") from error


class RoomWidget(widgets.ForeignKeyWidget):
    """Finds a room by its name or another spelling."""

    def __init__(self) -> None:
        super().__init__(Room, "name")

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Room | None:
        wanted = str(value or "").strip().casefold()
        if not wanted:
            return None
        for room in Room.objects.all():
            if wanted in {name.casefold() for name in [room.name, *room.aliases]}:
                return room
        raise ValueError(f"There is no room {value}. Add it first.")


class WholeNumberWidget(widgets.IntegerWidget):
    """Reads a whole number. Raises ValueError for a fraction, which would be cut off."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int | None:
        if self.is_empty(value):
            return None
        text = str(value).strip()
        if not re.fullmatch(r"-?[0-9]{1,18}(\.0+)?", text):
            raise ValueError(
                f"“{text[:20]}” is not a whole number. Write a number such as 3."
            )
        return int(text.partition(".")[0])


class MomentWidget(widgets.Widget):
    """Reads a time such as 2027-02-05 09:00; without a zone, in the course's zone."""

    courses: QuerySet[Course] | None = None

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> dt.datetime | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            moment = parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None:
            raise ValueError("Write a time such as 2027-02-05 09:00.")
        if moment.tzinfo is not None:
            return moment
        course = (
            self.courses.filter(slug=row["course"]).first() if self.courses else None
        )
        if course is None:
            return moment.replace(tzinfo=dt.UTC)
        check_hour(moment, course.tz)
        return moment.replace(tzinfo=course.tz)


class MomentField(fields.Field):
    """A time of a row, written in the zone of the row's course."""

    def __init__(self, name: str) -> None:
        super().__init__(name, name, MomentWidget())

    def export(self, instance: Any, **kwargs: Any) -> str:
        moment = self.get_value(instance)
        if moment is None:
            return ""
        # A line with an unknown course has no other zone.
        zone = instance.course.tz if instance.course_id else dt.UTC
        return str(moment.astimezone(zone).isoformat(" "))


def course_field() -> fields.Field:
    """Return the column that names the row's course."""
    return fields.Field("course", "course", CourseWidget(Course, "slug"))


def of_course_field(model: type[Model], name: str, by: str) -> fields.Field:
    """Return a column that names another row of the same course."""
    return fields.Field(name, name, OfCourseWidget(model, by))


class ScopedResource(resources.ModelResource):
    """Rows of the courses that the person edits; without `courses` no import works."""

    WIDGETS_MAP: ClassVar[dict[str, Any]] = {
        kind: WholeNumberWidget if widget is widgets.IntegerWidget else widget
        for kind, widget in resources.ModelResource.WIDGETS_MAP.items()
    }

    def __init__(
        self,
        courses: QuerySet[Course] | None = None,
        actor: User | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.actor = actor
        self.courses = courses
        for field in self.fields.values():
            if hasattr(field.widget, "courses"):
                field.widget.courses = courses

    def get_queryset(self) -> Any:
        rows = super().get_queryset().select_related("course")
        return rows if self.courses is None else rows.filter(course__in=self.courses)

    def do_instance_save(self, instance: Any, is_create: Any) -> None:
        if self.actor is None or not save_by_service(self.actor, instance):
            super().do_instance_save(instance, is_create)


class EnrolmentResource(ScopedResource):
    """Enrolments: course, address, role, module code, and whether they are active.

    People must have an account. A line for somebody who is in the course already
    changes the role.
    """

    course = course_field()
    email = fields.Field(
        "user", "email", widgets.ForeignKeyWidget(User, "email__iexact")
    )

    class Meta:
        model = Enrolment
        fields = ["course", "email", "role", "module_code", "is_active"]
        import_id_fields = ["course", "email"]
        clean_model_instances = True
        skip_unchanged = True

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("user")

    def dehydrate_email(self, enrolment: Enrolment) -> str:
        return enrolment.user.email


class WeekResource(ScopedResource):
    """Weeks by their number."""

    course = course_field()
    release_at = MomentField("release_at")

    class Meta:
        model = Week
        fields = ["course", "number", "starts_on", "title", "summary", "release_at"]
        import_id_fields = ["course", "number"]
        clean_model_instances = True
        skip_unchanged = True


class LectureResource(ScopedResource):
    """Lectures by their number."""

    course = course_field()

    class Meta:
        model = Lecture
        fields = ["course", "number", "title", "examinable"]
        import_id_fields = ["course", "number"]
        clean_model_instances = True
        skip_unchanged = True


class SessionResource(ScopedResource):
    """Sessions by their key. Students are told of another time or place."""

    course = course_field()
    week = of_course_field(Week, "week", "number")
    room = fields.Field("room", "room", RoomWidget())
    starts_at = MomentField("starts_at")
    ends_at = MomentField("ends_at")
    release_at = MomentField("release_at")

    class Meta:
        model = Session
        fields = [
            *("course", "key", "week", "kind", "title", "starts_at", "ends_at"),
            *("room", "online_label", "online_url", "queue_label", "queue_url"),
            *("by_team", "note", "position", "release_at"),
        ]
        import_id_fields = ["course", "key"]
        clean_model_instances = True
        skip_unchanged = True

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("week", "room")


class MaterialResource(ScopedResource):
    """Materials by their key, without their files."""

    course = course_field()
    week = of_course_field(Week, "week", "number")
    lecture = of_course_field(Lecture, "lecture", "number")
    session = of_course_field(Session, "session", "key")
    opens_at = MomentField("opens_at")
    release_at = MomentField("release_at")

    class Meta:
        model = Material
        fields = [
            *("course", "key", "kind", "code", "title", "week", "lecture", "session"),
            *("url", "access", "examinable", "attribution", "description"),
            *("position", "opens_at", "release_at"),
        ]
        import_id_fields = ["course", "key"]
        clean_model_instances = True
        skip_unchanged = True

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("week", "lecture", "session")
