"""Admin lists of work: a page takes as long in a long table as in a short one.

The rows are found by the course or the student if one is chosen, and by walking an
index of times if not; see `courses.work_lists`.
"""

from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.text import smart_split, unescape_string_literal

from accounts.bounded_count import MOST_COUNTED, bounded_count
from accounts.models import User
from courses.admin.rights import user_of
from courses.admin.times import CourseTimes, MixedZonesList
from courses.models import Assignment, Course
from courses.work_lists import in_order

_PEOPLE_FIELDS: Final = ("email", "first_name", "last_name", "login")
# The work of more people, or for more assignments, is found by walking it by time.
_FEW_PEOPLE: Final = 200
_FEW_ASSIGNMENTS: Final = 40
_MOST_DIGITS: Final = 10


class LongPaginator(Paginator[Any]):
    """Pages that count no more than `MOST_COUNTED` rows, and show no more."""

    @cached_property
    def is_cut(self) -> bool:
        """Whether there are more rows than the pages show."""
        return self._counted is None

    @cached_property
    def count(self) -> int:
        """The number of rows that the pages show."""
        return MOST_COUNTED if self._counted is None else self._counted

    @cached_property
    def _counted(self) -> int | None:
        return bounded_count(self._rows)

    @property
    def _rows(self) -> QuerySet[Any]:
        rows: Any = self.object_list
        found: QuerySet[Any] = rows
        return found

    def page(self, number: int | str) -> Page[Any]:
        """Return the page. Its keys are found first, then all that is shown of them."""
        page = super().page(number)
        first = self.per_page * (page.number - 1)
        keys = self._rows.values("pk")[first : first + self.per_page]
        page.object_list = self._rows.filter(pk__in=keys)
        return page


class LongChangeList(MixedZonesList):
    """A list that names no number of results if it does not count them all."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        pages: Any = self.paginator
        if pages.is_cut:
            # The search form names the number only if it is not the full one.
            self.full_result_count = self.result_count


class ChosenCourseFilter(admin.SimpleListFilter):
    """Filter work by its course."""

    title = "course"
    parameter_name = "assignment__course__id__exact"
    # The column by which work is found, and the rows of a course with these keys.
    field = "assignment"
    rows: type[Model] = Assignment
    course = "course"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # SECURITY: only courses whose work the person sees.
        courses = staffed_courses(request).order_by("-academic_year", "title", "pk")
        return [(str(course.pk), str(course)) for course in courses]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1 or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = _key(self.value())
        if chosen is None:
            return queryset
        rows = self.rows._default_manager.filter(**{self.course: chosen})  # noqa: SLF001  Django's documented name
        keys = list(rows.order_by().values_list("pk", flat=True))
        return queryset.filter(**{f"{self.field}__in": keys})


class ChosenAssignmentFilter(admin.SimpleListFilter):
    """Filter work by assignment; those of the chosen course are offered."""

    title = "assignment"
    parameter_name = "assignment__id__exact"
    course_parameter = ChosenCourseFilter.parameter_name

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        course = _key(request.GET.get(self.course_parameter))
        own = _key(self.value())
        if course is None and own is None:
            return []
        # SECURITY: only assignments whose work the person sees.
        user = user_of(request)
        rows = Assignment.objects.none()
        if user is not None:
            rows = Assignment.objects.with_work_seen_by(user)
        chosen = rows.filter(Q(course=course) | Q(pk=own)).select_related("course")
        return [(str(row.pk), str(row)) for row in chosen]

    def has_output(self) -> bool:
        return super().has_output() or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = _key(self.value())
        if chosen is None:
            return queryset
        path = self.parameter_name.removesuffix("__id__exact")
        return queryset.filter(**{path: chosen})


def staffed_courses(request: HttpRequest) -> QuerySet[Course]:
    """Return the courses in which the person sees everybody's work."""
    user = user_of(request)
    return Course.objects.staffed_by(user) if user else Course.objects.none()


class LongList(CourseTimes):
    """A list of work. Subclasses name the lookups from a row.

    `order` is the order of the list, by columns of its own table. A search looks for
    people by `owner`, the lookup of the person whose work it is, and for titles of
    assignments by `titled`. The parameters in `narrow` leave little of a list.
    """

    order: tuple[str, ...] = ()
    owner = ""
    titled = ""
    narrow: tuple[str, ...] = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = LongPaginator
    # Its dates are those between the first and the last row: see admin_dates.
    is_long = True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LongChangeList

    def sees_few(self, request: HttpRequest) -> bool:
        """Return whether the person sees so little work that it can be sorted."""
        return False

    def is_narrow(self, request: HttpRequest) -> bool:
        """Return whether the list has so few rows that they can be sorted."""
        given = any(_key(request.GET.get(name)) for name in self.narrow)
        return given or self.sees_few(request)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # Django does not know the parameters of our own filters by their whole names.
        allowed = super().lookup_allowed(lookup, value, request)
        return lookup in self.narrow or allowed

    def get_ordering(self, request: HttpRequest) -> Any:
        return in_order(*self.order, is_sorted=self.is_narrow(request))

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Return the columns by which the list may be sorted: all of a narrow one."""
        if self.is_narrow(request):
            return super().get_sortable_by(request)
        first = self.order[0].removeprefix("-")
        return [
            column
            for column in self.get_list_display(request)
            if getattr(column, "__name__", column) == first
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the work that each word finds: by its id, or by whose it is."""
        for word in map(_unquoted, smart_split(search_term)):
            found, is_little = self._found_by(word)
            queryset = queryset.filter(found)
            if is_little and ORDER_VAR not in request.GET:
                order = in_order(*self.order, is_sorted=True)
                queryset = queryset.order_by(*order, "-pk")
        return queryset, False

    def _found_by(self, word: str) -> tuple[Q, bool]:
        """Return what the word finds, and whether that is so little to be sorted."""
        key = _uuid(word)
        if key is not None:
            return Q(pk=key), True
        people = User.objects.filter(_is_called(word))
        found, is_little = _one_of(self.owner, people, _FEW_PEOPLE)
        if self.titled:
            titled = Assignment.objects.filter(title__icontains=word)
            work, is_little_work = _one_of(self.titled, titled, _FEW_ASSIGNMENTS)
            return found | work, is_little and is_little_work
        return found, is_little


def _one_of(path: str, rows: QuerySet[Any], few: int) -> tuple[Q, bool]:
    """Match work of one of the rows; True if they are few. One query.

    The keys of few rows are written into the query, so that the database knows how many
    they are.
    """
    keys = list(rows.order_by().values_list("pk", flat=True)[: few + 1])
    if len(keys) <= few:
        return Q(**{f"{path}__in": keys}), True
    return Q(**{f"{path}__in": rows.order_by().values("pk")}), False


def _is_called(word: str) -> Q:
    """Match people by a part of their name, their address or their login."""
    named = Q()
    for name in _PEOPLE_FIELDS:
        named |= Q(**{f"{name}__icontains": word})
    return named


def _key(text: str | None) -> int | None:
    """Parse the value of a query parameter as a primary key. Return None if it is not one."""
    if text is None or not text.isdecimal() or len(text) > _MOST_DIGITS:
        return None
    return int(text)


def _uuid(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None


def _unquoted(word: str) -> str:
    if word.startswith(('"', "'")) and word[0] == word[-1]:
        return unescape_string_literal(word)
    return word
