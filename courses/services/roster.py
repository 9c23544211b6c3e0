"""Rosters: planning what one would change in a course, and importing exactly that."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from accounts.actors import Actor, actor_user
from accounts.models import User
from courses.frozen_marks import require_not_frozen
from courses.models import Course, CourseChange, Enrolment
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.enrolments import (
    has_lecturer,
    lock_people,
    require_lecturer,
    require_may_give,
)
from courses.services.held_uploads import (
    NothingPendingError,
    forget_old_uploads,
    held_uploads_folder,
)
from courses.services.roster_plan import Change, Plan, Step, make_plan
from formats.roster import Entry, Roster, read_roster, write_roster

_FILE: Final = "roster.csv"
# People of the file who had an account before, and are in the course after it.
_LISTED: Final = (Step.ENROL, Step.BACK, Step.CHANGE, Step.SAME)


class RosterChangedError(Exception):
    """The plan that somebody looked at is no longer what the file would do."""


@dataclass(frozen=True, kw_only=True)
class RosterImport:
    """The plan that was carried out, and the new accounts, which have no password.

    `cannot_sign_in` holds all people of the file who have never signed in and have no
    password.
    """

    plan: Plan
    new_users: Sequence[User]

    @property
    def cannot_sign_in(self) -> Sequence[User]:
        kept = [change for change in self.plan.changes if change.step in _LISTED]
        known = [
            change.user or (change.enrolment.user if change.enrolment else None)
            for change in kept
        ]
        return [
            user
            for user in (*self.new_users, *known)
            if user and user.last_login is None and not user.has_usable_password()
        ]


def plan_roster(
    *, actor: Actor, course: Course, content: bytes, deactivate_missing: bool
) -> Plan:
    """Return what the file would change.

    Raises RosterError if it cannot be used, and PermissionDenied if the actor may not
    edit the course.
    """
    require_right(actor, Right.MANAGE_PEOPLE, course)
    roster = read_roster(content, module_codes=course.module_codes)
    return _plan(actor, course, roster, deactivate_missing=deactivate_missing)


def import_roster(
    *,
    actor: Actor,
    course: Course,
    content: bytes,
    deactivate_missing: bool,
    digest: str = "",
    summary: Callable[[Plan], str] | None = None,
) -> RosterImport:
    """Carry out the file's plan, all of it or nothing, and record it.

    With a digest, only exactly that plan is carried out: RosterChangedError if the
    course or an account has changed meanwhile. The record's text is what `summary`
    returns for the plan; without it, how many people the file changed. Raises
    RoleRefusedError for a role that the actor may not give and if no lecturer would be
    left, RosterError and PermissionDenied.
    """
    require_right(actor, Right.MANAGE_PEOPLE, course)
    roster = read_roster(content, module_codes=course.module_codes)
    try:
        with transaction.atomic():
            lock_people(course)
            plan = _plan(actor, course, roster, deactivate_missing=deactivate_missing)
            if digest and plan.digest != digest:
                raise RosterChangedError
            return RosterImport(
                plan=plan, new_users=_carry_out(actor, course, plan, summary)
            )
    except IntegrityError as error:  # such an account was just created
        raise RosterChangedError from error


def add_person(*, actor: Actor, course: Course, entry: Entry) -> RosterImport:
    """Enrol one person by their address, with a new account if they have none.

    It works like a roster of one line: somebody who is or was in the course gets this
    role. Raises RosterError if the roster would be refused, RoleRefusedError, and
    PermissionDenied if the actor may not manage the course's people.
    """
    row = {
        "email": entry.email,
        "first_name": entry.first_name,
        "last_name": entry.last_name,
        "login": entry.login,
        "role": entry.role or "",
        "module_code": entry.module_code,
    }
    return import_roster(
        actor=actor,
        course=course,
        content=write_roster([row]).encode(),
        deactivate_missing=False,
        summary=partial(_added, entry),
    )


def _added(entry: Entry, plan: Plan) -> str:
    """Return the record's text: who was added, with the name of their account."""
    change = plan.change_of(entry)
    named = "" if change.name == change.email else f" ({change.name})"
    return f"{change.email}{named} was added by address: {change.after}."


def hold_roster(*, actor: User, course: Course, content: bytes) -> None:
    """Keep the person's file for this course, in place of an earlier one."""
    require_right(actor, Right.MANAGE_PEOPLE, course)
    forget_old_uploads()
    folder = _folder(actor, course)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    (folder / _FILE).write_bytes(content)


def held_roster(*, actor: User, course: Course) -> bytes:
    """Return the file that the person looked at, or raise NothingPendingError."""
    try:
        return (_folder(actor, course) / _FILE).read_bytes()
    except FileNotFoundError:
        raise NothingPendingError from None


def forget_roster(*, actor: User, course: Course) -> None:
    """Delete the person's kept file."""
    shutil.rmtree(_folder(actor, course), ignore_errors=True)


def export_roster(*, actor: Actor, course: Course) -> str:
    """Return the active people of the course as a roster, and record the export.

    Importing it again changes nothing. Raises PermissionDenied if the actor may not
    edit the course.
    """
    require_right(actor, Right.MANAGE_PEOPLE, course)
    people = Enrolment.objects.active().filter(course=course).select_related("user")
    rows = [
        {
            "email": row.user.email,
            "first_name": row.user.first_name,
            "last_name": row.user.last_name,
            "login": row.user.login,
            "role": row.role,
            "module_code": row.module_code,
        }
        for row in people
    ]
    record_change(
        actor=actor,
        course=course,
        kind=CourseChange.Kind.ROSTER,
        summary=f"The roster was exported: {_people(len(rows))}.",
    )
    return write_roster(rows)


def _plan(
    actor: Actor, course: Course, roster: Roster, *, deactivate_missing: bool
) -> Plan:
    """Return the roster's plan. Two queries, however many people there are."""
    enrolments = list(course.enrolments.select_related("user").order_by("pk"))
    members = {row.user.email.lower() for row in enrolments}
    strangers = [e.email for e in roster.entries if e.email not in members]
    found = User.objects.annotate(lowered=Lower("email")).filter(lowered__in=strangers)
    return make_plan(
        roster,
        course=course,
        enrolments=enrolments,
        accounts={user.email.lower(): user for user in found},
        actor=actor_user(actor),
        deactivate_missing=deactivate_missing,
    )


def _carry_out(
    actor: Actor,
    course: Course,
    plan: Plan,
    summary: Callable[[Plan], str] | None,
) -> Sequence[User]:
    for change in plan.of(Step.NEW, Step.ENROL, Step.BACK, Step.CHANGE, Step.LEAVE):
        _require_may_change(actor, course, change)
    had_one = has_lecturer(course)
    made = _make_accounts(plan.of(Step.NEW))
    _enrol(course, plan, made)
    _update(course, plan.of(Step.CHANGE, Step.BACK))
    leaving = [
        change.enrolment.pk for change in plan.of(Step.LEAVE) if change.enrolment
    ]
    Enrolment.objects.filter(pk__in=leaving).update(is_active=False)
    require_lecturer(course, had_one=had_one)
    if not plan.is_empty:
        _record(actor, course, plan, summary(plan) if summary else "")
    return list(made.values())


def _require_may_change(actor: Actor, course: Course, change: Change) -> None:
    """Raise LecturersOnlyError if the actor may not give or take the role."""
    if change.was != change.role or change.step is Step.LEAVE:
        require_may_give(actor, course, change.was, change.role)


def _make_accounts(changes: Sequence[Change]) -> dict[str, User]:
    """Create accounts that cannot sign in until their owners choose a password."""
    made = User.objects.bulk_create(
        User(
            email=change.email,
            first_name=change.entry.first_name,
            last_name=change.entry.last_name,
            login=change.entry.login,
            password=make_password(None),
        )
        for change in changes
        if change.entry
    )
    return {user.email: user for user in made}


def _enrol(course: Course, plan: Plan, made: dict[str, User]) -> None:
    Enrolment.objects.bulk_create(
        Enrolment(
            course=course,
            user=change.user or made[change.email],
            role=change.role,
            module_code=change.module_code,
        )
        for change in plan.of(Step.NEW, Step.ENROL)
    )


def _update(course: Course, changes: Sequence[Change]) -> None:
    rows = []
    if any(
        change.enrolment and change.enrolment.module_code != change.module_code
        for change in changes
    ):
        require_not_frozen(course)
    for change in changes:
        if change.enrolment is not None:
            change.enrolment.role = change.role
            change.enrolment.module_code = change.module_code
            change.enrolment.is_active = True
            rows.append(change.enrolment)
    Enrolment.objects.bulk_update(rows, ["role", "module_code", "is_active"])


def _record(actor: Actor, course: Course, plan: Plan, summary: str) -> None:
    """Record the import, and each person who becomes staff or stops being staff."""
    counts = plan.counts
    told = {
        "new": counts[Step.NEW],
        "enrolled": counts[Step.ENROL],
        "back": counts[Step.BACK],
        "changed": counts[Step.CHANGE],
        "made inactive": counts[Step.LEAVE],
    }
    words = ", ".join(f"{count} {verb}" for verb, count in told.items() if count)
    record_change(
        actor=actor,
        course=course,
        kind=CourseChange.Kind.ROSTER,
        summary=summary or f"The roster was imported: {words}.",
    )
    for change in plan.changes:
        if change.changes_staff:
            record_change(
                actor=actor,
                course=course,
                kind=CourseChange.Kind.ROLE,
                summary=f"{change.name} ({change.email}): {change.after}.",
                before=change.before,
                after=change.after,
            )


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _folder(actor: User, course: Course) -> Path:
    return held_uploads_folder() / f"roster-{actor.pk}-{course.pk}"
