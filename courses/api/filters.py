"""How lists of course content are narrowed. Parents are named by what people know."""

from django_filters import rest_framework as filters

from courses.models import Assignment, Course, Material, Week


class CourseFilter(filters.FilterSet):
    academic_year = filters.CharFilter(help_text="Such as 2026-27.")

    class Meta:
        model = Course
        fields: list[str] = []


class ContentFilter(filters.FilterSet):
    """By course; a course that one cannot see is an empty list, not an error."""

    course = filters.CharFilter("course__slug", help_text="A course's slug.")


class WeekFilter(ContentFilter):
    number = filters.NumberFilter(help_text="The week's number.")

    class Meta:
        model = Week
        fields: list[str] = []


class MaterialFilter(ContentFilter):
    week = filters.NumberFilter("week__number", help_text="A week's number.")
    kind = filters.ChoiceFilter(choices=Material.Kind.choices)
    code = filters.CharFilter(lookup_expr="iexact", help_text="Such as N02a.")

    class Meta:
        model = Material
        fields: list[str] = []


class AssignmentFilter(ContentFilter):
    week = filters.NumberFilter("week__number", help_text="A week's number.")
    slug = filters.CharFilter(help_text="As in the assignment's address.")

    class Meta:
        model = Assignment
        fields: list[str] = []
