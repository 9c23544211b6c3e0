"""Services that store whole rows edited in the admin, and record the changes."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from courses.models import (
    Assignment,
    Course,
    CourseChange,
    Enrolment,
    Material,
    Session,
)
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.course_late_rule import record_late_rule
from courses.services.course_storage import record_storage_rule
from courses.services.enrolments import change_role, record_new_staff
from courses.services.settings_changes import (
    announce_changed_settings,
    changed_mark_settings,
    record_deadline,
    record_settings,
)
from courses.services.timetable import apply_arrangement, arrangement_of, record_move
from courses.wall_clock import moment_words
from formats.choices import Role


@transaction.atomic
def save_session(*, actor: Actor, session: Session) -> None:
    """Store the session, and record a change of its time or place.

    Raises PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, session.course)
    rows = Session.objects.select_for_update(of=("self",))
    stored = rows.select_related("course", "room").filter(pk=session.pk).first()
    if stored is None:
        session.save()
        return
    before, after = arrangement_of(stored), arrangement_of(session)
    if before == after:
        session.save()
        return
    apply_arrangement(stored, after)
    session.moved_from = stored.moved_from
    session.save()
    record_move(actor=actor, session=session, before=before, reason="")


@transaction.atomic
def save_course(*, actor: Actor, course: Course) -> None:
    """Store the course, and record changes of its rules for late work and for files.

    Raises PermissionDenied if the actor may not edit the stored course.
    """
    stored = Course.objects.select_for_update().filter(pk=course.pk).first()
    if stored is not None:
        require_right(actor, Right.EDIT, stored)
    course.save()
    if stored is not None:
        record_late_rule(actor=actor, before=stored, after=course)
        record_storage_rule(actor=actor, before=stored, after=course)


@transaction.atomic
def save_assignment(
    *, actor: Actor, assignment: Assignment, right: Right = Right.EDIT
) -> None:
    """Store the assignment, and record that it is new, or what changed.

    Raises PermissionDenied if the actor does not have the right in the course. A
    service that changes marks alone asks for Right.MANAGE_MARKS.
    """
    require_right(actor, right, assignment.course)
    rows = Assignment.objects.select_for_update()
    stored = rows.filter(pk=assignment.pk).first()
    assignment.save()
    if stored is None:
        record_change(
            actor=actor,
            course=assignment.course,
            kind=CourseChange.Kind.CONTENT,
            summary=f"{assignment.title} is new coursework.",
            about=assignment,
        )
        return
    record_settings(actor=actor, before=stored, after=assignment)
    announce_changed_settings(
        actor=actor,
        assignment=assignment,
        changed=changed_mark_settings(stored, assignment),
    )
    if stored.marks_released_at != assignment.marks_released_at:
        _record_release(actor, assignment, before=stored.marks_released_at)
    if stored.due_at != assignment.due_at:
        record_deadline(actor=actor, assignment=assignment, before=stored.due_at)


@transaction.atomic
def save_material(*, actor: Actor, material: Material) -> None:
    """Store the material, and record that its file or link was replaced.

    Raises PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, material.course)
    rows = Material.objects.select_for_update().order_by("pk")
    stored = rows.filter(pk=material.pk).first()
    is_replaced = stored is not None and _is_replaced(stored, material)
    if is_replaced:
        material.replaced_at = timezone.now()
    material.save()
    if is_replaced:
        record_change(
            actor=actor,
            course=material.course,
            kind=CourseChange.Kind.MATERIAL,
            summary=f"{material} was replaced by a new version.",
            is_public=_is_known(material),
            about=material,
        )


@transaction.atomic
def save_enrolment(*, actor: Actor, enrolment: Enrolment) -> None:
    """Store the enrolment, and record a change of its role.

    Raises PermissionDenied if the actor may not manage the course's people, and
    LastLecturerError.
    """
    require_right(actor, Right.MANAGE_PEOPLE, enrolment.course)
    stored = Enrolment.objects.filter(pk=enrolment.pk).first()
    if stored is not None:
        change_role(
            actor=actor,
            enrolment=stored,
            role=Role(enrolment.role),
            is_active=enrolment.is_active,
        )
    enrolment.save()
    if stored is None:
        record_new_staff(actor=actor, enrolment=enrolment)


def _record_release(
    actor: Actor, assignment: Assignment, *, before: dt.datetime | None
) -> None:
    now, zone = timezone.now(), assignment.course.tz
    after = assignment.marks_released_at
    if after is None:
        words = "are provisional again"
    elif after <= now:
        words = "are released"
    else:
        words = f"will be released on {moment_words(after, zone)}"
    record_change(
        actor=actor,
        course=assignment.course,
        kind=CourseChange.Kind.RELEASE,
        summary=f"Marks of {assignment.title} {words}.",
        before="" if before is None else moment_words(before, zone),
        after="" if after is None else moment_words(after, zone),
        is_public=is_released(assignment.release_at, now),
        about=assignment,
    )


def _is_replaced(before: Material, after: Material) -> bool:
    """Return whether a file or link that could be opened was replaced by another."""
    old, new = (
        {place for place in (row.file.name, row.url) if place}
        for row in (before, after)
    )
    return bool(new and old - new)


def _is_known(material: Material) -> bool:
    """Return whether students have seen the material's content."""
    now = timezone.now()
    return is_released(material.release_at, now) and not material.is_announced(now)
