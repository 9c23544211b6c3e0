"""What the page of a question's rubric shows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q

from accounts.models import User
from courses.models import AssignmentRevision, Question, Rubric, RubricItem
from formats.problems import Problem
from grading.forms.rubric import GroupForms, RubricForm, RubricItemForm
from grading.querysets.hidden_markings import markings_hidden_from
from grading.services.aliases import codes_of
from grading.services.blind_marking import is_blind_at
from grading.services.mark_previews import MarkPreview
from grading.services.rubric_edit import RubricPlan


@dataclass(frozen=True, kw_only=True)
class ItemRow:
    """An item's form, and how many markings have the item as it is stored."""

    form: RubricItemForm
    marked: int


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """A group's form with those of its items."""

    group: GroupForms
    items: tuple[ItemRow, ...]


@dataclass(frozen=True, kw_only=True)
class MarkRow:
    """A mark that would change. `name` is the student's code if marking is anonymous."""

    name: str
    mark: MarkPreview


@dataclass(frozen=True, kw_only=True)
class OtherRubric:
    """Another rubric of the question, and the revisions that have it."""

    revision: int
    words: str
    is_one: bool
    is_published: bool


@dataclass(frozen=True, kw_only=True)
class RubricPage:
    """The form of a rubric, what it would change, and where the rubric is used.

    `revisions` names those with this rubric. `reachable` are the most points that its
    stored items give, where these are fewer than the question has. `is_blind` says that
    the plan does not count first markings that the viewer must not know, as a second
    marker.
    """

    question: Question
    revision: AssignmentRevision
    revisions: str
    is_published: bool
    others: tuple[OtherRubric, ...]
    head: RubricForm
    groups: tuple[GroupRow, ...]
    plan: RubricPlan | None
    marks: tuple[MarkRow, ...]
    removed: tuple[tuple[RubricItem, int], ...]
    reachable: Decimal | None
    faults: Sequence[Problem]
    is_blind: bool


def rubric_page(
    question: Question,
    rubric: Rubric,
    form: RubricForm,
    *,
    viewer: User,
    plan: RubricPlan | None = None,
    faults: Sequence[Problem] = (),
) -> RubricPage:
    """Return the page of the question's rubric. The number of queries is fixed."""
    marked = _marked(rubric, viewer)
    by_rubric = _revisions(question)
    published = question.revision.assignment.revision
    reachable = rubric.rules().most
    return RubricPage(
        question=question,
        revision=question.revision,
        revisions=_words([each.number for each in by_rubric[rubric.pk]]),
        is_published=published in by_rubric[rubric.pk],
        others=tuple(
            OtherRubric(
                revision=max(each.number for each in found),
                words=_words([each.number for each in found]),
                is_one=len(found) == 1,
                is_published=published in found,
            )
            for pk, found in by_rubric.items()
            if pk != rubric.pk
        ),
        head=form,
        groups=tuple(
            GroupRow(
                group=group,
                items=tuple(
                    ItemRow(form=item, marked=marked.get(_pk(item), 0))
                    for item in group.items
                ),
            )
            for group in form.groups
        ),
        plan=plan,
        marks=_mark_rows(rubric, plan),
        removed=tuple(
            (item, marked[item.pk])
            for item, _ in (plan.removed if plan else ())
            if marked.get(item.pk)
        ),
        reachable=reachable if reachable < rubric.points else None,
        faults=faults,
        is_blind=plan is not None and is_blind_at(viewer, rubric),
    )


def _pk(form: RubricItemForm) -> int:
    value = str(form["pk"].value() or "")
    return int(value) if value.isascii() and value.isdecimal() else 0


def _marked(rubric: Rubric, viewer: User) -> Mapping[int, int]:
    """Return how many markings have each item, by the item's id.

    SECURITY: first markings that a second marker must not know are not counted.
    """
    known = ~Q(markings__in=markings_hidden_from(viewer).filter(rubric=rubric))
    rows = RubricItem.objects.filter(group__rubric=rubric).annotate(
        marked=Count("markings", filter=known)
    )
    return dict(rows.order_by().values_list("pk", "marked"))


def _revisions(question: Question) -> dict[int, list[AssignmentRevision]]:
    """Return the revisions that have each rubric of the question, by the rubric's id."""
    found = defaultdict(list)
    questions = Question.objects.filter(
        revision__assignment=question.revision.assignment_id,
        key=question.key,
        rubric__isnull=False,
    ).select_related("revision")
    for each in questions.order_by("revision__number"):
        found[each.rubric_id or 0].append(each.revision)
    return dict(found)


def _words(numbers: Sequence[int]) -> str:
    """Return “revision 3”, or “revisions 1, 2 and 4”."""
    if len(numbers) == 1:
        return f"revision {numbers[0]}"
    *first, last = map(str, numbers)
    return f"revisions {', '.join(first)} and {last}"


def _mark_rows(rubric: Rubric, plan: RubricPlan | None) -> tuple[MarkRow, ...]:
    rows = plan.rows if plan else ()
    assignment = rubric.assignment
    if not rows or not assignment.marking_is_anonymous:
        return tuple(MarkRow(name=row.student.name, mark=row) for row in rows)
    codes = codes_of(assignment, [row.student.pk for row in rows])
    named = [MarkRow(name=codes[row.student.pk], mark=row) for row in rows]
    # In the order of names, codes would tell who is who.
    return tuple(sorted(named, key=lambda row: row.name))
