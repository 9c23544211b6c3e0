"""Copying a course's assignments into another course, with nothing published."""

from django.utils import timezone

from accounts.actors import Actor, actor_user
from courses.models import (
    Assignment,
    AssignmentRevision,
    Question,
    RequiredFile,
    RevisionFile,
)
from courses.row_copies import unsaved_copy
from courses.services.copied_content import ContentCopy, copy_rows
from courses.services.rubrics import copy_rubric


def copy_coursework(*, actor: Actor, content: ContentCopy) -> None:
    """Copy the source's assignments into the target, with unpublished revisions."""
    rows = content.source.assignments.select_related("revision")
    for row in rows:
        copied = unsaved_copy(
            row,
            course=content.target,
            week=row.week_id and content.weeks[row.week_id],
            component=row.component_id and content.components[row.component_id],
            release_at=content.shifted(row.release_at),
            due_at=content.shifted(row.due_at),
            closes_at=content.shifted(row.closes_at),
            regrades_until=content.shifted(row.regrades_until),
            marks_released_at=None,
            revision=None,
        )
        copied.save(force_insert=True)
        revision = row.revision or row.revisions.first()
        if revision is not None:
            _copy_revision(actor, revision, copied)


def _copy_revision(
    actor: Actor, revision: AssignmentRevision, assignment: Assignment
) -> None:
    """Store a copy of the published or latest revision as the assignment's first."""
    copied = unsaved_copy(
        revision,
        assignment=assignment,
        number=1,
        created_at=timezone.now(),
        created_by=actor_user(actor),
    )
    copied.save(force_insert=True)
    questions = Question.objects.filter(revision=revision).select_related("rubric")
    copy_rows(
        questions,
        lambda row: {
            "revision": copied,
            # Marks of the source must not follow a change of the copy.
            "rubric": row.rubric and copy_rubric(row.rubric, assignment),
        },
    )
    parts: tuple[type[RevisionFile | RequiredFile], ...] = (RevisionFile, RequiredFile)
    for part in parts:
        copy_rows(
            part._default_manager.filter(revision=revision),  # noqa: SLF001
            lambda row: {"revision": copied},
        )
