"""The rubrics of an assignment's questions: those of a folder."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final, Protocol

from accounts.actors import Actor
from courses.models import Assignment, Course, Rubric, RubricGroup, RubricItem
from formats.assignment import rubric as formats_rubric
from formats.assignment.assignment_content import Question
from formats.assignment.rubric import Starts
from formats.choices import QuestionKind


class RubricEditor(Protocol):
    """Change a rubric as a course file says, or return why it may not be changed.

    With `dry_run`, nothing is written.
    """

    def __call__(
        self,
        *,
        actor: Actor,
        rubric: Rubric,
        written: formats_rubric.Rubric,
        dry_run: bool,
    ) -> str: ...


# A function of the app above this one that knows what was marked: see grading.apps.
_EDITORS: Final[list[RubricEditor]] = []


def on_rubric_in_course_file(editor: RubricEditor) -> None:
    """Register the function by which the import of a course file changes rubrics."""
    if editor not in _EDITORS:
        _EDITORS.append(editor)


def edit_from_course_file(
    *,
    actor: Actor,
    rubric: Rubric,
    written: formats_rubric.Rubric,
    dry_run: bool,
) -> str:
    """Change the rubric as a course file says. Return why it may not be so, or ""."""
    refused = [
        edit(actor=actor, rubric=rubric, written=written, dry_run=dry_run)
        for edit in _EDITORS
    ]
    return " ".join(filter(None, refused))


def lock_rubrics(keys: Collection[int]) -> None:
    """Lock the rubrics with these ids, after their course and assignments.

    Call it before anything is changed. There is one order of locks: course, assignment,
    rubric, marking, mark, and rows of one kind by their ids. Whoever marks locks the
    rubric before the mark; whoever changed marks first and then waited for the rubric
    would wait for the marker, who waits for the mark.
    """
    chosen = Rubric.objects.filter(pk__in=keys).order_by()
    assignments = Assignment.objects.filter(pk__in=chosen.values("assignment"))
    courses = Course.objects.filter(pk__in=chosen.values("assignment__course"))
    for rows in (courses, assignments, chosen):
        list(rows.select_for_update(no_key=True, of=("self",)).order_by("pk"))


def rubric_for(assignment: Assignment, question: Question) -> Rubric | None:
    """Return the rubric of a folder's question, or None if tests mark it.

    A question that an earlier folder of the assignment defined in the same way has the
    same rubric, with all changes that staff have made to it since.
    """
    if question.kind != QuestionKind.MANUAL:
        return None
    rubric, is_new = Rubric.objects.get_or_create(
        assignment=assignment,
        key=question.key,
        definition_sha256=definition_sha256(question),
        defaults={
            "points": question.points,
            "starts": (question.rubric.starts if question.rubric else Starts.ZERO),
        },
    )
    if is_new and question.rubric:
        _add_groups(rubric, question.rubric.groups)
    return rubric


def copy_rubric(rubric: Rubric, assignment: Assignment) -> Rubric:
    """Store a copy of the rubric, as it is now, for another assignment.

    A folder that defines the question in the same way keeps the copy.
    """
    copied = Rubric.objects.create(
        assignment=assignment,
        key=rubric.key,
        points=rubric.points,
        starts=rubric.starts,
        definition_sha256=rubric.definition_sha256,
    )
    _add_groups(copied, rubric.definition().groups)
    return copied


def definition_sha256(question: Question) -> str:
    """Return a hash of what the folder says of how the question is marked."""
    rubric = asdict(question.rubric) if question.rubric else None
    content = {
        "points": f"{question.points.normalize():f}",
        "rubric": plain_rubric(rubric) if rubric else None,
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def plain_rubric(rubric: Mapping[str, Any]) -> Any:
    """Return the rubric's fields with numbers as text, so that 2 equals 2.0."""
    return _plain(rubric)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def _add_groups(rubric: Rubric, groups: Iterable[formats_rubric.RubricGroup]) -> None:
    for position, group in enumerate(groups):
        row = RubricGroup.objects.create(
            rubric=rubric,
            title=group.title,
            choose=group.choose.value,
            maximum=group.maximum,
            minimum=group.minimum,
            position=position,
        )
        RubricItem.objects.bulk_create(
            RubricItem(group=row, text=item.text, points=item.points, position=place)
            for place, item in enumerate(group.items)
        )
