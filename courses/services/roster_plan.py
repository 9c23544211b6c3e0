"""The plan of what a roster would change in a course. Nothing is stored here."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from accounts.models import User
from courses.models import Course, Enrolment
from courses.permissions import STAFF_ROLES
from formats.choices import Role
from formats.roster import Entry, Roster


class Step(StrEnum):
    """What happens to one person, in the order in which a plan lists it."""

    NEW = "new"
    ENROL = "enrol"
    BACK = "back"
    CHANGE = "change"
    LEAVE = "leave"
    MISSING = "missing"
    SAME = "same"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What the plan does to one person.

    `before` and `after` are words, empty where there is nothing to say. `was` is the
    role until now, None for somebody who is not in the course.
    """

    step: Step
    email: str
    name: str
    was: Role | None = None
    role: Role
    module_code: str
    before: str = ""
    after: str = ""
    notes: tuple[str, ...] = ()
    entry: Entry | None = None
    user: User | None = field(default=None, compare=False)
    enrolment: Enrolment | None = field(default=None, compare=False)

    @property
    def changes_staff(self) -> bool:
        """Whether the person becomes staff of the course, or stops being staff."""
        if self.step in (Step.MISSING, Step.SAME):
            return False
        now = None if self.step is Step.LEAVE else self.role
        return self.was != now and bool({self.was, now} & set(STAFF_ROLES))

    def facts(self) -> list[object]:
        """Return what the plan's digest depends on: before and after, and row keys."""
        rows = (self.user, self.enrolment)
        names = [None if row is None else row.pk for row in rows]
        texts = [self.step, self.email, self.name, self.role, self.module_code]
        return [*texts, self.before, self.after, *names]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a file would change. `digest` names exactly this plan."""

    changes: Sequence[Change]
    ignored: Sequence[str]
    digest: str

    def of(self, *steps: Step) -> list[Change]:
        """Return the people to whom one of these steps happens."""
        return [change for change in self.changes if change.step in steps]

    def change_of(self, entry: Entry) -> Change:
        """Return what happens to the person of this line of the file."""
        return next(
            one
            for one in self.changes
            if one.entry is not None and one.entry.email == entry.email
        )

    @property
    def counts(self) -> dict[Step, int]:
        """The number of people for each step."""
        return {step: len(self.of(step)) for step in Step}

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.of(Step.NEW, Step.ENROL, Step.BACK, Step.CHANGE, Step.LEAVE)


def make_plan(
    roster: Roster,
    *,
    course: Course,
    enrolments: Sequence[Enrolment],
    accounts: Mapping[str, User],
    actor: User | None,
    deactivate_missing: bool,
) -> Plan:
    """Return what the roster changes in the course.

    `accounts` maps addresses to the accounts of people who are not in the course. A
    file never changes the actor's own role, and lecturers who are not in it stay.
    """
    members = {row.user.email.lower(): row for row in enrolments}
    changes = [
        _member(entry, members[entry.email], actor)
        if entry.email in members
        else _newcomer(entry, accounts.get(entry.email))
        for entry in roster.entries
    ]
    listed = {entry.email for entry in roster.entries}
    changes += [
        _missing(row, actor, deactivate=deactivate_missing)
        for email, row in members.items()
        if email not in listed and row.is_active
    ]
    order = list(Step)
    changes.sort(key=lambda change: (order.index(change.step), change.email))
    return Plan(
        changes=changes,
        ignored=roster.ignored,
        digest=_digest(course, changes, deactivate_missing=deactivate_missing),
    )


def _newcomer(entry: Entry, user: User | None) -> Change:
    role = entry.role or Role.STUDENT
    return Change(
        step=Step.NEW if user is None else Step.ENROL,
        email=entry.email,
        name=entry.name if user is None else user.name,
        role=role,
        module_code=entry.module_code,
        after=_words(role, entry.module_code),
        notes=_name_notes(entry, user),
        entry=entry,
        user=user,
    )


def _member(entry: Entry, row: Enrolment, actor: User | None) -> Change:
    """Return the change for a person who is or was in the course.

    What the file leaves out stays as it is.
    """
    before = _words(Role(row.role), row.module_code, is_active=row.is_active)
    notes = _name_notes(entry, row.user)
    role = entry.role or (Role(row.role) if row.is_active else Role.STUDENT)
    if row.user == actor and row.is_active and role != row.role:
        role = Role(row.role)
        notes = (
            *notes,
            "Your own role stays as it is. Another lecturer can change it.",
        )
    code = entry.module_code or row.module_code
    after = _words(role, code)
    same, step = before == after, Step.CHANGE if row.is_active else Step.BACK
    return Change(
        step=Step.SAME if same else step,
        email=row.user.email,
        name=row.user.name,
        was=Role(row.role) if row.is_active else None,
        role=role,
        module_code=code,
        before=before,
        after=after,
        notes=notes,
        entry=entry,
        user=row.user,
        enrolment=row,
    )


def _missing(row: Enrolment, actor: User | None, *, deactivate: bool) -> Change:
    role = Role(row.role)
    stays = row.user == actor or role is Role.LECTURER
    leaves = deactivate and not stays
    before = _words(role, row.module_code)
    note = (
        "Lecturers stay active, also if they are not in the file."
        if deactivate and stays
        else ""
    )
    return Change(
        step=Step.LEAVE if leaves else Step.MISSING,
        email=row.user.email,
        name=row.user.name,
        was=role,
        role=role,
        module_code=row.module_code,
        before=before,
        after=_words(role, row.module_code, is_active=False) if leaves else before,
        notes=(note,) if note else (),
        user=row.user,
        enrolment=row,
    )


def _words(role: Role, module_code: str, *, is_active: bool = True) -> str:
    parts = (role.label, module_code, "" if is_active else "inactive")
    return ", ".join(part for part in parts if part)


def _name_notes(entry: Entry, user: User | None) -> tuple[str, ...]:
    """Return a note if the file has another name. Accounts keep their names."""
    if user is None or entry.name in (entry.email, user.name):
        return ()
    return (f"The file says “{entry.name}”. The account's name stays.",)


def _digest(
    course: Course, changes: Sequence[Change], *, deactivate_missing: bool
) -> str:
    facts = [course.pk, deactivate_missing, [change.facts() for change in changes]]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
