"""Editing a rubric: what it would change, and doing it for everybody who was marked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction

from accounts.actors import Actor, actor_user
from courses.models import CourseChange, Rubric, RubricGroup, RubricItem
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.rubrics import lock_rubrics
from formats.assignment import rubric as formats_rubric
from formats.assignment.rubric import Choose, GroupRules, RubricRules, Starts
from grading.models import Marking
from grading.services.blind_marking import is_blind_at
from grading.services.hand_points import load_hand_points
from grading.services.mark_previews import MarkPreview, preview_hand
from grading.services.marks import record_changed_marks
from grading.services.plan_digest import plan_digest


class RubricRefusedError(Exception):
    """The rubric cannot be changed so. The message says why; nothing has changed."""


@dataclass(frozen=True, kw_only=True)
class EditedItem:
    """An item as it shall be. `pk` is None for a new one."""

    text: str
    points: Decimal
    pk: int | None = None


@dataclass(frozen=True, kw_only=True)
class EditedGroup:
    """A group as it shall be. `pk` is None for a new one."""

    items: tuple[EditedItem, ...]
    title: str = ""
    choose: Choose = Choose.SEVERAL
    maximum: Decimal | None = None
    minimum: Decimal | None = None
    pk: int | None = None


@dataclass(frozen=True, kw_only=True)
class EditedRubric:
    """A rubric as it shall be. Items and groups that it leaves out are removed."""

    starts: Starts = Starts.ZERO
    groups: tuple[EditedGroup, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RubricPlan:
    """What a change of a rubric would do: marks that change, and items that go.

    `removed` says how many markings have each item that would be removed.
    """

    rows: tuple[MarkPreview, ...]
    removed: tuple[tuple[RubricItem, int], ...]
    digest: str = field(repr=False)


def plan_rubric(rubric: Rubric, edited: EditedRubric) -> RubricPlan:
    """Return what the change would do. Nothing is written."""
    _check(rubric, edited)
    kept = {
        item.pk
        for group in edited.groups
        for item in group.items
        if item.pk is not None
    }
    items = RubricItem.objects.filter(group__rubric=rubric).exclude(pk__in=kept)
    removed = tuple(
        (item, count)
        for item in items
        if (count := Marking.objects.filter(items=item).count())
    )
    assignment = rubric.assignment
    stored = load_hand_points([assignment.pk])
    changed = load_hand_points(
        [assignment.pk], assumed={rubric.pk: _rules(rubric, edited)}
    )
    rows = preview_hand(assignment, stored, changed)
    shown = [(row.student.pk, row.before, row.after) for row in rows]
    content = (rubric.version, edited, shown, [each[0].pk for each in removed])
    return RubricPlan(
        rows=rows,
        removed=removed,
        digest=plan_digest(content),
    )


@transaction.atomic
def edit_rubric(
    *, actor: Actor, rubric: Rubric, edited: EditedRubric, seen: str
) -> RubricPlan:
    """Change the rubric, and with it the points of everybody marked by it.

    Each mark that changes gets a MarkChange. `seen` is the digest of the plan that the
    actor looked at. Raises PermissionDenied if the actor may not edit the course, and
    RubricRefusedError if the rubric is faulty, or marks have changed since.
    """
    require_right(actor, Right.EDIT, rubric.assignment.course)
    lock_rubrics([rubric.pk])
    locked = Rubric.objects.select_related("assignment__course").get(pk=rubric.pk)
    plan = plan_rubric(locked, edited)
    if plan.digest != seen:
        raise RubricRefusedError(
            "The rubric or marks have changed since you saw the preview. Look at it "
            "again."
        )
    locked.starts, locked.version = edited.starts.value, locked.version + 1
    locked.save(update_fields=["starts", "version"])
    _store_groups(locked, edited.groups)
    reason = f"The rubric of “{locked.key}” was changed."
    record_changed_marks(actor=actor, assignment=locked.assignment, reason=reason)
    record_change(
        actor=actor,
        course=locked.assignment.course,
        kind=CourseChange.Kind.CONTENT,
        summary=f"The rubric of {locked.assignment.title}, question “{locked.key}”, was "
        f"changed. {len(plan.rows)} marks changed.",
        about=locked.assignment,
    )
    return plan


def edit_without_marks(
    *, actor: Actor, rubric: Rubric, written: formats_rubric.Rubric, dry_run: bool
) -> str:
    """Change the rubric as it is written, unless marks or markings would change.

    Return why it may not be changed so, or "". With `dry_run`, nothing is written.
    Raises PermissionDenied if the actor may not edit the course.

    SECURITY: the answer must not tell a second marker what the first marker chose. So it
    is the same for each of them, whatever would change.
    """
    person = actor_user(actor)
    if person is not None and is_blind_at(person, rubric):
        return (
            "you give a second marking by this rubric, and what the file would change "
            "could tell what the first marker chose."
        )
    edited = edited_as_written(rubric, written)
    plan = plan_rubric(rubric, edited)
    if plan.rows or plan.removed:
        return (
            f"the file would change {_count(len(plan.rows), 'mark')}, and remove "
            f"{_count(len(plan.removed), 'item')} of those that markers chose."
        )
    if not dry_run:
        edit_rubric(actor=actor, rubric=rubric, edited=edited, seen=plan.digest)
    return ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def edited_as_written(rubric: Rubric, written: formats_rubric.Rubric) -> EditedRubric:
    """Return the change that makes the stored rubric as it is written.

    An item with the words of a stored one is that item, so whoever has it keeps it.
    """
    rows = [
        (group, item) for group in rubric.groups.all() for item in group.items.all()
    ]
    times = Counter(item.text for _, item in rows)
    known = {
        item.text: (group.pk, item.pk) for group, item in rows if times[item.text] == 1
    }
    used: set[int] = set()
    groups = []
    for group in written.groups:
        found = [known.pop(item.text, (None, None)) for item in group.items]
        own = next(
            (key for key, _ in found if key is not None and key not in used), None
        )
        used.update([] if own is None else [own])
        groups.append(
            EditedGroup(
                pk=own,
                title=group.title,
                choose=group.choose,
                maximum=group.maximum,
                minimum=group.minimum,
                items=tuple(
                    EditedItem(pk=pk, text=item.text, points=item.points)
                    for item, (_, pk) in zip(group.items, found, strict=True)
                ),
            )
        )
    return EditedRubric(starts=written.starts, groups=tuple(groups))


def _check(rubric: Rubric, edited: EditedRubric) -> None:
    own_groups = set(rubric.groups.values_list("pk", flat=True))
    own_items = set(
        RubricItem.objects.filter(group__rubric=rubric).values_list("pk", flat=True)
    )
    groups = [group.pk for group in edited.groups if group.pk is not None]
    items = [
        item.pk
        for group in edited.groups
        for item in group.items
        if item.pk is not None
    ]
    if not (own_groups.issuperset(groups) and own_items.issuperset(items)):
        raise RubricRefusedError(
            "Somebody else has removed an item of the rubric. Load the page again."
        )
    if len(set(groups)) != len(groups) or len(set(items)) != len(items):
        raise RubricRefusedError("An item is in the rubric twice.")
    for group in edited.groups:
        if not group.items:
            raise RubricRefusedError("Each group needs at least one item.")
        if (
            group.minimum is not None
            and group.maximum is not None
            and group.minimum > group.maximum
        ):
            raise RubricRefusedError("The least points of a group are above the most.")
        if not all(item.text.strip() for item in group.items):
            raise RubricRefusedError("Each item needs words.")


def _rules(rubric: Rubric, edited: EditedRubric) -> RubricRules:
    """Return the rules that would hold. New items have ids that no marking has."""
    new = iter(range(-1, -(10**6), -1))
    return RubricRules(
        possible=rubric.points,
        starts=edited.starts,
        groups=tuple(
            GroupRules(
                points={
                    next(new) if item.pk is None else item.pk: item.points
                    for item in group.items
                },
                chooses_one=group.choose == Choose.ONE,
                maximum=group.maximum,
                minimum=group.minimum,
            )
            for group in edited.groups
        ),
    )


def _store_groups(rubric: Rubric, groups: Sequence[EditedGroup]) -> None:
    kept_groups, kept_items = set(), set()
    for position, group in enumerate(groups):
        row = RubricGroup(
            pk=group.pk,
            rubric=rubric,
            title=group.title,
            choose=group.choose.value,
            maximum=group.maximum,
            minimum=group.minimum,
            position=position,
        )
        row.save()
        kept_groups.add(row.pk)
        for place, item in enumerate(group.items):
            stored = RubricItem(
                pk=item.pk,
                group=row,
                text=item.text,
                points=item.points,
                position=place,
            )
            stored.save()
            kept_items.add(stored.pk)
    RubricItem.objects.filter(group__rubric=rubric).exclude(pk__in=kept_items).delete()
    rubric.groups.exclude(pk__in=kept_groups).delete()
