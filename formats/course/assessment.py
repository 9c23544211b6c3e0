"""Read the components of a course's total, and its coursework with deadlines."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from formats.choices import ComponentKind, Counting
from formats.course import course_fields
from formats.course.course_content import ComponentRow, CourseworkRow
from formats.course.course_fields import Context
from formats.yaml_document import Section

_COMPONENT: Final = ("title", "kind", "weight", "note")
_COURSEWORK: Final = (
    "slug",
    "title",
    "week",
    "handed_out",
    "hidden",
    "due",
    "grace_minutes",
    "closes",
    "component",
    "weight",
    "attempts",
    "counting",
    "summary",
)
_ALL: Final = Decimal(100)
_MOST_ATTEMPTS: Final = 9999


def read_components(top: Section, context: Context) -> tuple[ComponentRow, ...]:
    rows = []
    for position, section in enumerate(top.sections("components", _COMPONENT)):
        section.require("title", "kind", "weight")
        title = course_fields.words(section, "title", longest=100)
        context.claim(section, "component", title, "title")
        rows.append(
            ComponentRow(
                key=title,
                line=section.line,
                kind=section.choice("kind", ComponentKind.values, ComponentKind.OTHER),
                weight=course_fields.percent(section, "weight"),
                note=course_fields.words(section, "note"),
                position=position,
            )
        )
    total = sum((row.weight for row in rows), Decimal(0))
    if rows and total != _ALL:
        context.warnings.add(
            f"The components weigh {total:f} in all, not 100.",
            file=context.file,
            line=rows[0].line,
        )
    return tuple(rows)


def read_coursework(
    top: Section, components: Sequence[ComponentRow], context: Context
) -> tuple[CourseworkRow, ...]:
    read = [
        _coursework_row(section, [row.key for row in components], context)
        for section in top.sections("coursework", _COURSEWORK)
    ]
    rows = [row for row in read if row is not None]
    for component in components:
        _check_split(component, rows, context)
    return tuple(sorted(rows, key=lambda row: (row.due_at, row.title, row.key)))


def _coursework_row(
    section: Section, components: list[str], context: Context
) -> CourseworkRow | None:
    section.require("slug", "title", "due")
    slug = course_fields.slug(section, "slug")
    context.claim(section, "coursework", slug, "slug")
    due_at = course_fields.moment(section, "due", context.calendar)
    closes_at = course_fields.moment(section, "closes", context.calendar)
    release = course_fields.release(section, context.calendar, "handed_out")
    if due_at is not None:
        _check_deadline(section, due_at, closes_at, release.at, context)
    row = CourseworkRow(
        key=slug,
        line=section.line,
        title=course_fields.words(section, "title", longest=200),
        week=course_fields.week_number(section, "week", context),
        summary=course_fields.words(section, "summary"),
        due_at=due_at or dt.datetime.min.replace(tzinfo=dt.UTC),
        grace_minutes=section.whole("grace_minutes", 0, lowest=0, highest=32_767),
        closes_at=closes_at,
        component=course_fields.known(
            section, "component", components, where="components"
        ),
        weight=course_fields.percent(section, "weight"),
        attempts=section.whole("attempts", 1, lowest=1, highest=_MOST_ATTEMPTS)
        if "attempts" in section
        else None,
        counting=section.choice("counting", Counting.values, Counting.LATEST),
        release_at=release.at,
        says_release=release.is_said,
    )
    return row if due_at is not None else None


def _check_deadline(
    section: Section,
    due_at: dt.datetime,
    closes_at: dt.datetime | None,
    handed_out_at: dt.datetime | None,
    context: Context,
) -> None:
    due_on = context.calendar.local(due_at).date()
    starts = context.weeks.values()
    ends = max(starts, default=due_on) + dt.timedelta(days=6)
    if starts and not min(starts) <= due_on <= ends:
        section.fault(
            f"The deadline, {due_on.day} {due_on:%B %Y}, is outside of the run, which "
            f"goes from {min(starts):%d %B %Y} to {ends:%d %B %Y}.",
            "due",
            hint="Correct it, or add the week in which it is.",
        )
    if closes_at is not None and closes_at < due_at:
        section.fault("Late work cannot close before the deadline.", "closes")
    if handed_out_at is not None and handed_out_at > due_at:
        section.fault("It is handed out after its deadline.", "handed_out")


def _check_split(
    component: ComponentRow, rows: Sequence[CourseworkRow], context: Context
) -> None:
    """Warn if a component is not split, or its coursework has another weight.

    Staff may leave the split open, so this is no fault.
    """
    parts = [row.weight for row in rows if row.component == component.key]
    total = sum(parts, Decimal(0))
    if not parts or total == component.weight:
        return
    words = (
        f"How the {component.weight:f} % of “{component.key}” are split is not said."
        if not total
        else f"The coursework of “{component.key}” weighs {total:f} in all, and the "
        f"component {component.weight:f}."
    )
    context.warnings.add(words, file=context.file, line=component.line)
