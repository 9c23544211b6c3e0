"""Filters of the API's lists of course content, by names that people know."""

from typing import Any

from django.db.models import Model, QuerySet
from django_filters import rest_framework as filters
from django_filters.constants import EMPTY_VALUES

from accounts.api.filters import (
    BooleanFilter,
    ChoiceFilter,
    MomentFilter,
    NumberFilter,
    PatternFilter,
    SlugFilter,
    VisibleRowFilter,
)
from accounts.models import User
from courses.models import (
    Accommodation,
    Announcement,
    Assignment,
    Course,
    CourseChange,
    Enrolment,
    Extension,
    ExtensionRequest,
    Lecture,
    Material,
    Session,
    Week,
)
from courses.work_lists import in_order
from formats.choices import MaterialKind, Role, SessionKind


class CourseFilter(filters.FilterSet):
    academic_year = PatternFilter(
        pattern=r"^[0-9]{4}-[0-9]{2}$",
        words="Write the year as 2026-27.",
        help_text="For example 2026-27.",
    )

    class Meta:
        model = Course
        fields: list[str] = []


class OfCourseFilter(VisibleRowFilter, SlugFilter):
    """Filter by the slug of a course that the person sees."""

    noun, by = "course", "slug"

    def visible(self, user: User) -> QuerySet[Course]:
        """Return the person's courses."""
        return Course.objects.visible_to(user)


class OfAssignmentFilter(VisibleRowFilter, NumberFilter):
    """Filter by the id of an assignment that the person sees."""

    noun, by = "assignment", "pk"

    def visible(self, user: User) -> QuerySet[Assignment]:
        """Return the assignments of the person's courses."""
        return Assignment.objects.visible_to(user)


class WorkFilter(filters.FilterSet):
    """Filters of a list of work. A list of little work is sorted, not walked by time.

    `narrow` names the filters that leave little, and `order` is the list's order.
    """

    narrow: tuple[str, ...] = ("course", "assignment")
    order: tuple[str, ...] = ()

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that all filters leave, in the list's order."""
        found: QuerySet[Any] = super().filter_queryset(queryset)
        given = self.form.cleaned_data
        if all(given[name] in EMPTY_VALUES for name in self.narrow):
            return found
        return found.order_by(*in_order(*self.order, is_sorted=True))


class WorkOfCourseFilter(OfCourseFilter):
    """Filter work by the slug of a course that the person sees.

    The work is found by the keys of rows of the course, such as its assignments, which
    an index serves: `rows` are these, `field` is the column with their key, and `course`
    is the lookup from them to the course's slug.
    """

    def __init__(self, field: str, *, rows: type[Model], course: str) -> None:
        super().__init__(field, help_text="A slug.")
        self.rows, self.course = rows, course

    def narrowed(self, qs: Any, value: str) -> Any:
        """Return the work of the course. One query."""
        rows = self.rows._default_manager.filter(**{self.course: value})  # noqa: SLF001  Django's documented name
        keys = list(rows.order_by().values_list("pk", flat=True))
        return qs.filter(**{f"{self.field_name}__in": keys})


class ContentFilter(filters.FilterSet):
    """Filter by course. A course that the person cannot see is an error."""

    course = OfCourseFilter("course__slug", help_text="A course's slug.")


class WeekFilter(ContentFilter):
    number = NumberFilter(help_text="The week's number.")

    class Meta:
        model = Week
        fields: list[str] = []


class MaterialFilter(ContentFilter):
    week = NumberFilter("week__number", help_text="A week's number.")
    kind = ChoiceFilter(choices=MaterialKind.choices)
    code = filters.CharFilter(lookup_expr="iexact", help_text="Such as N02a.")
    key = SlugFilter(help_text="The material's key, as in its address.")

    class Meta:
        model = Material
        fields: list[str] = []


class AssignmentFilter(ContentFilter):
    week = NumberFilter("week__number", help_text="A week's number.")
    slug = SlugFilter(help_text="The assignment's slug, as in its address.")

    class Meta:
        model = Assignment
        fields: list[str] = []


class SessionFilter(ContentFilter):
    week = NumberFilter("week__number", help_text="A week's number.")
    kind = ChoiceFilter(choices=SessionKind.choices)
    after = MomentFilter(
        "ends_at", "gt", help_text="Only sessions that are not over at this time."
    )
    before = MomentFilter(
        "starts_at", "lt", help_text="Only sessions that begin before this time."
    )

    class Meta:
        model = Session
        fields: list[str] = []


class LectureFilter(ContentFilter):
    number = filters.CharFilter(help_text="Such as 02.")

    class Meta:
        model = Lecture
        fields: list[str] = []


class AnnouncementFilter(ContentFilter):
    class Meta:
        model = Announcement
        fields: list[str] = []


class CourseChangeFilter(ContentFilter):
    kind = ChoiceFilter(choices=CourseChange.Kind.choices)
    after = MomentFilter(
        "made_at", "gt", help_text="Only changes made after this time."
    )

    class Meta:
        model = CourseChange
        fields: list[str] = []


class ExtensionFilter(filters.FilterSet):
    course = OfCourseFilter("assignment__course__slug", help_text="A course's slug.")
    assignment = OfAssignmentFilter(help_text="An assignment's id.")

    class Meta:
        model = Extension
        fields: list[str] = []


class ExtensionRequestFilter(filters.FilterSet):
    course = OfCourseFilter("assignment__course__slug", help_text="A course's slug.")
    assignment = OfAssignmentFilter(help_text="An assignment's id.")
    state = ChoiceFilter(choices=ExtensionRequest.State.choices)

    class Meta:
        model = ExtensionRequest
        fields: list[str] = []


class AccommodationFilter(filters.FilterSet):
    course = OfCourseFilter("course__slug", help_text="A course's slug.")

    class Meta:
        model = Accommodation
        fields: list[str] = []


class PersonFilter(ContentFilter):
    role = ChoiceFilter(choices=Role.choices)
    is_active = BooleanFilter(help_text="Only active people, or only inactive people.")

    class Meta:
        model = Enrolment
        fields: list[str] = []
