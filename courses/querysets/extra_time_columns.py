"""A student's extra time as a column, and the accommodated deadline in SQL."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce, Greatest, JSONObject

from courses.extra_time import NO_EXTRA_TIME, ExtraTime, parse_extra_time

if TYPE_CHECKING:
    from accounts.models import User


class _ExtraTimeField(models.JSONField):
    """Reads a JSON object as `courses.extra_time.ExtraTime`."""

    def from_db_value(
        self, value: str | None, expression: Any, connection: Any
    ) -> ExtraTime:
        return NO_EXTRA_TIME if value is None else parse_extra_time(value)


class _ExtraTimeObject(JSONObject):
    output_field = _ExtraTimeField()


def extra_time_of(
    student: "User | int | OuterRef", *, assignment: str = "pk"
) -> JSONObject:
    """Return the column with a student's ExtraTime for each row's assignment.

    `student` is a person, or an OuterRef to one. `assignment` is the lookup from the row
    to its assignment. By convention the column is called `extra_time`; pass it on to
    `courses.deadlines.deadline_of`. It joins no table to the row, so a list of rows is
    still found by its own index.
    """
    from courses.models import (  # noqa: PLC0415  models import this module
        Accommodation,
        Extension,
        ExtensionRequest,
    )

    own = Extension.objects.filter(assignment=OuterRef(assignment), student=student)
    asked = ExtensionRequest.objects.open().filter(
        assignment=OuterRef(assignment), student=student
    )
    standing = Accommodation.objects.filter(
        course__assignments=OuterRef(assignment), student=student
    )
    return _ExtraTimeObject(
        extended_to=Subquery(own.order_by().values("due_at")[:1]),
        hours=Subquery(standing.order_by().values("hours")[:1]),
        percent=Subquery(standing.order_by().values("percent")[:1]),
        asked_at=Subquery(asked.order_by().values("made_at")[:1]),
        asked_until=Subquery(asked.order_by().values("wished_due_at")[:1]),
    )


def own_due_of(student: "User | OuterRef", *, assignment: str) -> Case:
    """Return the student's own deadline without the grace, in SQL, for filters.

    `student` is a person, or an OuterRef to one. `assignment` is the lookup from the row to its assignment.
    """
    from courses.models import Accommodation, Extension  # noqa: PLC0415  models import this module

    common = F(f"{assignment}__due_at")
    own = Extension.objects.filter(assignment=OuterRef(assignment), student=student)
    standing = Accommodation.objects.filter(
        course=OuterRef(f"{assignment}__course"), student=student
    ).annotate(
        accommodated_due=AccommodatedDue(
            OuterRef(f"{assignment}__due_at"),
            OuterRef(f"{assignment}__release_at"),
            F("hours"),
            F("percent"),
        )
    )
    own_due = Greatest(
        common,
        Coalesce(Subquery(own.order_by().values("due_at")[:1]), common),
        Coalesce(Subquery(standing.order_by().values("accommodated_due")[:1]), common),
    )
    has_entered_marks = Q(**{f"{assignment}__marks_out_of__isnull": False})
    return Case(When(has_entered_marks, then=common), default=own_due)


class AccommodatedDue(models.Func):
    """`courses.extra_time.accommodated_due` in SQL: due, release, hours, percent."""

    arity = 4
    output_field = models.DateTimeField()

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """Return the deadline as a timestamp."""
        return self._compiled(
            compiler,
            "(date_trunc('second', {due}) + make_interval(mins => (60 * {hours} + "
            "(GREATEST(extract(epoch FROM date_trunc('second', {due}) - "
            "date_trunc('second', {release}))::bigint, 0) * {percent} + 5999) / 6000"
            ")::int))",
        )

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """Return the deadline as text, in the form in which Django stores times."""
        return self._compiled(
            compiler,
            "datetime(strftime('%%s', {due}) + 60 * (60 * {hours} + "
            "(coalesce(max(strftime('%%s', {due}) - strftime('%%s', {release}), 0), 0)"
            " * {percent} + 5999) / 6000), 'unixepoch')",
        )

    def _compiled(self, compiler: Any, template: str) -> tuple[str, list[Any]]:
        # All four are columns, so they have no parameters, and may stand twice.
        due, release, hours, percent = (
            compiler.compile(each)[0] for each in self.get_source_expressions()
        )
        sql = template.format(due=due, release=release, hours=hours, percent=percent)
        return sql, []
