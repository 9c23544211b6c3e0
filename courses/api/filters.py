"""Filters of the API's lists of course content, by names that people know."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters

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
    Announcement,
    Assignment,
    Course,
    CourseChange,
    Enrolment,
    Lecture,
    Material,
    Session,
    Week,
)
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


class PersonFilter(ContentFilter):
    role = ChoiceFilter(choices=Role.choices)
    is_active = BooleanFilter(help_text="Only active people, or only inactive people.")

    class Meta:
        model = Enrolment
        fields: list[str] = []
