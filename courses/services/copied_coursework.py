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
    parts: tuple[type[RevisionFile | RequiredFile | Question], ...]
    parts = (RevisionFile, RequiredFile, Question)
    for part in parts:
        copy_rows(
            part._default_manager.filter(revision=revision),  # noqa: SLF001
            lambda row: {"revision": copied},
        )
