"""Read the components of a course's total, and its coursework with deadlines."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from formats.assignment.rubric import RUBRIC, Rubric, read_rubric
from formats.choices import Split
from formats.course import course_fields
from formats.course.course_content import (
    ComponentRow,
    CourseRow,
    CourseworkRow,
    RubricRow,
)
from formats.course.course_fields import Context
from formats.course.plain_fields import read_plain, yaml_names
from formats.late_rule_checks import late_rule_problems
from formats.yaml_document import Section

COMPONENT: Final = yaml_names(ComponentRow, "title")
COURSEWORK: Final = yaml_names(CourseworkRow, "slug")
_ALL: Final = Decimal(100)
_MOST_ATTEMPTS: Final = 9999


def read_components(
    top: Section, module_codes: Sequence[str], context: Context
) -> tuple[ComponentRow, ...]:
    """Return the components; each may be for students of one of the module codes."""
    rows = []
    for position, section in enumerate(top.sections("components", COMPONENT)):
        section.require("title", "kind", "weight")
        title = course_fields.words(section, "title", longest=100)
        context.claim_key(section, "component", title, "title")
        plain = read_plain(ComponentRow, section, context)
        _check_module_code(section, plain["module_code"], module_codes)
        rows.append(
            ComponentRow(
                key=title,
                line=section.line,
                position=position,
                **plain,
            )
        )
    for code in module_codes if any(row.module_code for row in rows) else ("",):
        _check_weights(rows, code, context)
    return tuple(rows)


def _check_module_code(section: Section, code: str, known: Sequence[str]) -> None:
    if code and code not in known:
        section.fault(
            f"The course has no module code “{code}”.",
            "module_code",
            hint=f"Its codes are: {', '.join(known) or 'none'}.",
        )


def _check_weights(
    rows: Sequence[ComponentRow], module_code: str, context: Context
) -> None:
    """Warn if the weights do not add up for students of this module code."""
    counted = [row for row in rows if row.module_code in {"", module_code}]
    total = sum((row.weight for row in counted if not row.is_extra_credit), Decimal(0))
    if counted and total != _ALL:
        of_code = f" of module {module_code}" if module_code else ""
        context.warnings.add(
            f"The weights of the components{of_code} add up to {total:f}, not 100.",
            file=context.file,
            line=counted[0].line,
        )


def read_coursework(
    top: Section, components: Sequence[ComponentRow], context: Context
) -> tuple[CourseworkRow, ...]:
    read = [
        _coursework_row(section, [row.key for row in components], context)
        for section in top.sections("coursework", COURSEWORK)
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
    context.claim_key(section, "coursework", slug, "slug")
    due_at = course_fields.moment(section, "due", context.calendar)
    plain = read_plain(CourseworkRow, section, context)
    release = course_fields.release(section, context.calendar, "handed_out")
    if due_at is not None:
        _check_deadline(section, due_at, plain["closes_at"], release.at, context)
    row = CourseworkRow(
        key=slug,
        line=section.line,
        week=course_fields.week_number(section, "week", context),
        due_at=due_at or dt.datetime.min.replace(tzinfo=dt.UTC),
        component=course_fields.known(
            section, "component", components, where="components"
        ),
        attempts=section.whole("attempts", 1, lowest=1, highest=_MOST_ATTEMPTS)
        if "attempts" in section
        else None,
        release_at=release.at,
        has_own_release=release.is_given,
        rubrics=tuple(_rubrics(section, slug)),
        **plain,
    )
    report_late_rule(section, row)
    return row if due_at is not None else None


def _rubrics(section: Section, slug: str) -> Iterator[RubricRow]:
    """Yield the rubrics of the coursework, which a file has by the question's key."""
    rubrics = section.section("rubrics", None)
    for key in rubrics or ():
        inner = rubrics.section(key, RUBRIC) if rubrics else None
        if inner is not None:
            yield rubric_row(slug, key, read_rubric(inner), line=inner.line)


def rubric_row(slug: str, key: str, rubric: Rubric, *, line: int = 0) -> RubricRow:
    """Return the row of a rubric, with its texts as a course file has them."""
    groups = tuple(
        replace(
            group,
            title=course_fields.plain_text(group.title),
            items=tuple(
                replace(item, text=course_fields.plain_text(item.text))
                for item in group.items
            ),
        )
        for group in rubric.groups
    )
    return RubricRow(
        key=f"{slug}/{key}",
        line=line,
        question=key,
        items=replace(rubric, groups=groups),
    )


def report_late_rule(section: Section, row: CourseRow | CourseworkRow) -> None:
    """Report each field of a late rule that does not fit to the others."""
    for name, words in late_rule_problems(row):
        section.fault(f"“{name}”: {words}", name if name in section else "late_mode")


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
            f"The deadline, {due_on.day} {due_on:%B %Y}, is outside the run, which "
            f"goes from {min(starts):%d %B %Y} to {ends:%d %B %Y}.",
            "due",
            hint="Correct the deadline, or add its week.",
        )
    if closes_at is not None and closes_at < due_at:
        section.fault(
            (
                "The time until which late work is accepted must not be before the "
                "deadline."
            ),
            "closes",
        )
    if handed_out_at is not None and handed_out_at > due_at:
        section.fault("The coursework is handed out after its deadline.", "handed_out")


def _check_split(
    component: ComponentRow, rows: Sequence[CourseworkRow], context: Context
) -> None:
    """Warn if a component is not split, or its coursework has another weight.

    Staff may leave the split open, so this is no fault.
    """
    parts = [
        row.weight
        for row in rows
        if row.component == component.key and not row.is_extra_credit
    ]
    total = sum(parts, Decimal(0))
    is_by_weight = component.split == Split.WEIGHT
    if not parts or not is_by_weight or total == component.weight:
        return
    words = (
        (
            f"The file does not say how the {component.weight:f} % of "
            f"“{component.key}” are split."
        )
        if not total
        else f"The weights of the coursework in “{component.key}” add up to "
        f"{total:f}, but the component has {component.weight:f}."
    )
    context.warnings.add(words, file=context.file, line=component.line)
