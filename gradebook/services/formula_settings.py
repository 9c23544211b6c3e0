"""Services that change how the total of a course is made, and say what that changes."""

import copy
import datetime as dt
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import User
from courses.models import Assignment, Component, Course, CourseChange, Enrolment
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.edited_rows import save_assignment
from gradebook.services.formula import Formula, load_formula
from gradebook.services.scores import load_scores
from gradebook.totals import CourseTotal, rounded_half_up
from grading.services.blind_marking import KnownRows, hidden_answers
from grading.services.plan_digest import plan_digest

COMPONENT_FIELDS: Final = (
    "kind",
    "title",
    "weight_percent",
    "split",
    "drop_lowest",
    "best_count",
    "required_percent",
    "is_extra_credit",
    "module_code",
    "note",
)
COURSE_FIELDS: Final = ("letter_scale", "total_decimals")
SHARE_FIELDS: Final = ("component", "weight_percent", "is_extra_credit")


class FormulaRefusedError(Exception):
    """The formula cannot be stored. The message says what to do."""


@dataclass(frozen=True, kw_only=True)
class FormulaEdit:
    """The formula as it shall be.

    `components` are stored rows with new values, or new rows without an id; `removed`
    are the ids of those that go. `assignments` are rows with new shares; a new
    component of theirs is one of `components`. `version` is that of the stored formula
    which the editor has seen.
    """

    course: Course
    components: Sequence[Component]
    assignments: Sequence[Assignment]
    version: str
    removed: frozenset[int] = field(default=frozenset())


@dataclass(frozen=True, kw_only=True)
class TotalPreview:
    """A student's total as it is shown, before and after a change of the formula."""

    student: User
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class FormulaPlan:
    """What a formula would change, and why there would be no total, if so."""

    totals: KnownRows[TotalPreview]
    problems: tuple[str, ...]


@transaction.atomic
def edit_formula(*, actor: Actor, edit: FormulaEdit) -> None:
    """Store the formula, and record the change.

    Totals are computed from it and follow at once. Raises PermissionDenied if the actor
    may not edit the course, and FormulaRefusedError if a part that goes has coursework,
    or if somebody has changed the formula since the editor saw it.
    """
    require_right(actor, Right.MANAGE_MARKS, edit.course)
    # Two editors at the same time: the second waits for the first.
    Course.objects.select_for_update().get(pk=edit.course.pk)
    # Whoever puts coursework into a part that goes is waited for.
    gone = Component.objects.filter(course=edit.course, pk__in=edit.removed)
    list(gone.select_for_update().order_by("pk"))
    if edit.version != formula_version(edit.course):
        raise FormulaRefusedError(
            "Somebody has changed what counts since you opened this page. Nothing is "
            "saved. Open the page again in another tab, and make your changes there."
        )
    before = formula_words(load_formula(edit.course))
    edit.course.save(update_fields=COURSE_FIELDS)
    try:
        for position, component in enumerate(edit.components):
            component.position = position
            component.save()
    except IntegrityError as error:
        raise FormulaRefusedError(
            "Two parts cannot have the same title. If you want to swap two titles, "
            "save one of them under another title first."
        ) from error
    _save_shares(actor, edit)
    left = Assignment.objects.filter(component__in=edit.removed)
    if left.exists():
        raise FormulaRefusedError(
            "A part that has coursework cannot be removed. Give its coursework another "
            "part first."
        )
    gone.delete()
    after = formula_words(load_formula(edit.course))
    if before != after:
        _record(actor, edit.course, before, after)


def _record(actor: Actor, course: Course, before: str, after: str) -> None:
    """Record the formulas for staff, and tell students that it changed.

    SECURITY: the formulas name coursework that students may not see yet.
    """
    summary = "What counts for the course mark changed."
    kind = CourseChange.Kind.CONTENT
    record_change(
        actor=actor,
        course=course,
        kind=kind,
        summary=summary,
        before=before,
        after=after,
    )
    if is_released(course.release_at, timezone.now()):
        record_change(
            actor=actor, course=course, kind=kind, summary=summary, is_public=True
        )


def _save_shares(actor: Actor, edit: FormulaEdit) -> None:
    for wanted in edit.assignments:
        # The whole row is stored: no other change of it may come between.
        rows = Assignment.objects.select_for_update(of=("self",))
        row = rows.select_related("course").get(pk=wanted.pk)
        component = wanted.component
        if all(
            getattr(row, name) == getattr(wanted, name)
            for name in ("weight_percent", "is_extra_credit")
        ) and row.component_id == (component.pk if component else None):
            continue
        row.component = component
        row.weight_percent = wanted.weight_percent
        row.is_extra_credit = wanted.is_extra_credit
        save_assignment(actor=actor, assignment=row, right=Right.MANAGE_MARKS)


def plan_formula(*, actor: User, edit: FormulaEdit, now: dt.datetime) -> FormulaPlan:
    """Return whose total the formula would change, by name. Nothing is stored.

    The formula is stored and taken back again, so the preview is what will be. Raises
    what `edit_formula` does.

    SECURITY: a student whose first marking is hidden from the actor is left out, also
    if their total would stay: whether a formula changes it tells what it is.
    """
    found = (
        Enrolment.objects.students()
        .filter(course=edit.course)
        .select_related("user")
        .order_by("user__last_name", "user__first_name", "user__email")
    )
    assignments = edit.course.assignments.order_by().values_list("pk", flat=True)
    hidden = {student for _, student, _ in hidden_answers(actor, assignments)}
    everybody = {row.user_id: row for row in found}
    people = {key: row for key, row in everybody.items() if key not in hidden}
    before = _shown_totals(load_formula(_stored(edit)), people.values(), now=now)
    with transaction.atomic():
        edit_formula(actor=actor, edit=copy.deepcopy(edit))
        formula = load_formula(_stored(edit))
        after = _shown_totals(formula, people.values(), now=now)
        transaction.set_rollback(True)
    rows = tuple(
        TotalPreview(student=row.user, before=before[key], after=after[key])
        for key, row in people.items()
        if before[key] != after[key]
    )
    totals = KnownRows(rows=rows, leaves_out=len(people) < len(everybody))
    return FormulaPlan(totals=totals, problems=formula.problems)


def _stored(edit: FormulaEdit) -> Course:
    return Course.objects.get(pk=edit.course.pk)


def _shown_totals(
    formula: Formula, people: Collection[Enrolment], *, now: dt.datetime
) -> dict[int, str]:
    """Return each student's total with its letter as it is shown."""
    scores = load_scores(formula, [row.user_id for row in people], now=now)
    return {
        row.user_id: total_words(formula, scores.total(row.user_id, row.module_code))
        for row in people
    }


def total_words(formula: Formula, total: CourseTotal) -> str:
    """Return a total as staff read it, such as “63.5 % B, passed”."""
    if formula.problems or total.percent is None:
        return "none"
    percent = rounded_half_up(total.percent, formula.course.total_decimals)
    words = f"{percent} % {total.letter}".strip()
    if total.passes is None:
        return f"{words}, so far"
    return f"{words}, {'passed' if total.passes else 'not passed'}"


def digest_of_totals(plan: KnownRows[TotalPreview]) -> str:
    """Return a digest of what a preview shows; empty if it shows nothing."""
    if not plan:
        return ""
    return plan_digest(
        [(each.student.pk, each.before, each.after) for each in plan.rows]
    )


def formula_version(course: Course) -> str:
    """Return a digest of all that an editor of the formula sees. Three queries."""
    seen = [
        Course.objects.filter(pk=course.pk).values_list(*COURSE_FIELDS),
        course.components.order_by("pk").values_list("pk", *COMPONENT_FIELDS),
        course.assignments.order_by("pk").values_list("pk", *SHARE_FIELDS),
    ]
    text = repr([list(rows) for rows in seen])
    return hashlib.sha256(text.encode()).hexdigest()


def formula_words(formula: Formula) -> str:
    """Return the formula as one sentence for each part."""
    lines = []
    for share in formula.shares:
        words = [f"{share.title} {share.weight.normalize():f} %"]
        component = share.component
        if component is not None:
            inner = [
                f"{each.title} {each.weight_percent.normalize():f} %"
                + (" (extra)" if each.is_extra_credit else "")
                for each in share.assignments
            ]
            words += [f"split {component.split}", *inner]
            words += _rule_words(component)
        elif share.is_extra:
            words.append("extra credit")
        lines.append(", ".join(words))
    course = formula.course
    lines.append(f"Letters: {course.letter_scale or 'none'}")
    lines.append(f"Decimals: {course.total_decimals}")
    return "; ".join(lines)


def _rule_words(component: Component) -> list[str]:
    words = []
    if component.drop_lowest:
        words.append(f"drop {component.drop_lowest}")
    if component.best_count:
        words.append(f"best {component.best_count}")
    if component.required_percent is not None:
        words.append(f"at least {component.required_percent.normalize():f} %")
    if component.is_extra_credit:
        words.append("extra credit")
    if component.module_code:
        words.append(f"only {component.module_code}")
    return words
