"""Services for requests for extensions: ask, withdraw, grant, refuse."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.broker import send_task_wake_up
from courses.deadlines import deadline_for
from courses.models import (
    Assignment,
    Course,
    CourseChange,
    ExtensionRequest,
)
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.enrolments import lock_enrolment
from courses.services.extensions import grant_extension
from courses.services.request_mails import TASK
from courses.wall_clock import moment_words
from formats.request_files import RequestFileError, check_head, kind_of, too_large
from storage.blobs import BlobStoreFullError, StoreUnreachableError, store_blob

# The limits of one student: open requests in a course, and requests within a day.
MOST_OPEN: Final = 3
MOST_A_DAY: Final = 10
_DAY: Final = dt.timedelta(days=1)
_YEAR: Final = dt.timedelta(days=366)
_State = ExtensionRequest.State


class RequestRefusedError(Exception):
    """The request or the answer was not stored. The message tells the person why."""


class RequestClosedError(RequestRefusedError):
    """The request has an answer, or was withdrawn."""


@dataclass(frozen=True, kw_only=True)
class RequestFile:
    """A file that comes with a request: its name and content."""

    name: str
    chunks: Iterable[bytes]


# Takes room in a course for a student's file with this hash and size, and returns what
# gives it back. Raises RequestRefusedError.
RoomTaker = Callable[[User, Course, str, int], Callable[[], None]]
_room_takers: list[RoomTaker] = []


def take_room_by(taker: RoomTaker) -> None:
    """Let this take room for each file of a request, from the start of the process on."""
    _room_takers.append(taker)


def ask_for_extension(
    *,
    actor: User,
    assignment: Assignment,
    wished_due_at: dt.datetime,
    reason: str,
    file: RequestFile | None = None,
) -> ExtensionRequest:
    """Store the student's request, and return it.

    Raises RequestRefusedError if the date is no later than the student's deadline, a
    limit is reached, or the file is of another kind, too large, or more than the student
    has room for; and PermissionDenied if the actor is no student of the course.
    """
    require_right(actor, Right.SUBMIT, assignment.course)
    if assignment.has_entered_marks:
        raise RequestRefusedError(
            "Nothing is handed in here, so there is no deadline to extend. Write to "
            "your lecturer."
        )
    _check_date(actor, assignment, wished_due_at)
    _check_limits(actor, assignment)
    # The content is stored before the row that names it, outside the transaction.
    stored = _stored(actor, assignment.course, file) if file else None
    with transaction.atomic():
        # In this order: a hand-in locks the enrolment, and then needs the person's row.
        lock_enrolment(actor, assignment.course_id)
        User.objects.select_for_update().get(pk=actor.pk)
        _check_limits(actor, assignment)
        if stored is not None:
            stored.give_room_back()
        return ExtensionRequest.objects.create(
            assignment=assignment,
            student=actor,
            wished_due_at=wished_due_at,
            reason=reason.strip(),
            file_name=file.name if file else "",
            file_sha256=stored.sha256 if stored else "",
            file_size=stored.size if stored else 0,
        )


def _check_date(
    actor: User, assignment: Assignment, wished_due_at: dt.datetime
) -> None:
    own = deadline_for(assignment, actor)
    if wished_due_at <= own.due_at:
        until = moment_words(own.due_at, assignment.course.tz)
        raise RequestRefusedError(f"Ask for a date after your deadline, {until}.")
    # Much later dates cannot be shown in every time zone.
    if wished_due_at > max(own.due_at, timezone.now()) + _YEAR:
        raise RequestRefusedError("Ask for a date within a year.")


def _check_limits(actor: User, assignment: Assignment) -> None:
    own = ExtensionRequest.objects.filter(student=actor)
    open_ones = own.open().filter(assignment__course=assignment.course_id)
    if open_ones.filter(assignment=assignment).exists():
        raise RequestRefusedError(
            "You have an open request for this coursework. Withdraw it first."
        )
    if open_ones.count() >= MOST_OPEN:
        raise RequestRefusedError(
            f"You have {MOST_OPEN} open requests in this course. Wait for an answer, "
            "or withdraw one."
        )
    if own.filter(made_at__gt=timezone.now() - _DAY).count() >= MOST_A_DAY:
        raise RequestRefusedError(
            f"You made {MOST_A_DAY} requests within a day. Try again tomorrow."
        )


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """A file in the store, and what gives back the room that was taken for it."""

    sha256: str
    size: int
    give_room_back: Callable[[], None]


def _stored(actor: User, course: Course, file: RequestFile) -> _Stored:
    """Store the file once there is room for it. Raises RequestRefusedError."""
    content = _content(file)
    sha256, size = hashlib.sha256(content).hexdigest(), len(content)
    taken = [take(actor, course, sha256, size) for take in _room_takers]

    def give_room_back() -> None:
        for give_back in taken:
            give_back()

    try:
        store_blob([content], max_bytes=size)
    except (BlobStoreFullError, StoreUnreachableError):
        give_room_back()
        raise
    return _Stored(sha256=sha256, size=size, give_room_back=give_room_back)


def _content(file: RequestFile) -> bytes:
    """Return the content, a few MB at most. Raises RequestRefusedError."""
    try:
        kind = kind_of(file.name)
        chunks, content = iter(file.chunks), bytearray()
        content += next(chunks, b"")
        check_head(file.name, bytes(content))
    except RequestFileError as error:
        raise RequestRefusedError(str(error)) from error
    while len(content) <= kind.max_bytes and (chunk := next(chunks, b"")):
        content += chunk
    if len(content) > kind.max_bytes:
        raise RequestRefusedError(too_large(kind))
    return bytes(content)


@transaction.atomic
def withdraw_request(*, actor: User, request: ExtensionRequest) -> None:
    """Withdraw the actor's own request.

    Raises RequestRefusedError if it has an answer or was withdrawn already.
    """
    row = _locked(request)
    if row.student_id != actor.pk:
        raise RequestRefusedError("Only the person who asked can withdraw a request.")
    row.state = _State.WITHDRAWN.value
    row.save(update_fields=["state"])


@transaction.atomic
def grant_request(
    *, actor: User, request: ExtensionRequest, due_at: dt.datetime, answer: str = ""
) -> ExtensionRequest:
    """Grant an extension until `due_at`, which may differ from the date asked for.

    The answer is mailed. Marks follow. Raises RequestRefusedError if the request is no
    longer open, ExtensionRefusedError, and PermissionDenied if the actor may not edit
    the course.
    """
    row = _answered(actor, request, _State.GRANTED, answer)
    grant_extension(
        actor=actor,
        assignment=row.assignment,
        student=row.student,
        due_at=due_at,
        reason=row.reason,
    )
    row.granted_due_at = due_at
    row.save()
    return row


@transaction.atomic
def refuse_request(
    *, actor: User, request: ExtensionRequest, answer: str
) -> ExtensionRequest:
    """Refuse the request with words for the student, which are mailed.

    Raises RequestRefusedError if there are no words or the request is no longer open,
    and PermissionDenied if the actor may not edit the course.
    """
    if not answer.strip():
        raise RequestRefusedError("Write an answer. The student reads it.")
    row = _answered(actor, request, _State.REFUSED, answer)
    row.save()
    record_change(
        actor=actor,
        course=row.assignment.course,
        kind=CourseChange.Kind.EXTENSION,
        summary=f"{row.student} asked for more time for {row.assignment.title}. The "
        "request was refused.",
        about=row.assignment,
        student=row.student,
    )
    return row


def _answered(
    actor: User, request: ExtensionRequest, state: ExtensionRequest.State, answer: str
) -> ExtensionRequest:
    """Return the locked request with the answer, not stored yet; wake the mailer."""
    require_right(actor, Right.MANAGE_PEOPLE, request.assignment.course)
    row, now = _locked(request), timezone.now()
    row.state, row.answer = state.value, answer.strip()
    row.answered_by, row.answered_at, row.mail_due_at = actor, now, now
    transaction.on_commit(lambda: send_task_wake_up(TASK))
    return row


def _locked(request: ExtensionRequest) -> ExtensionRequest:
    """Return the row, locked. Raises RequestClosedError if it is no longer open."""
    ExtensionRequest.objects.select_for_update().get(pk=request.pk)
    rows = ExtensionRequest.objects.select_related("assignment__course", "student")
    row: ExtensionRequest = rows.get(pk=request.pk)
    if not row.is_open:
        raise RequestClosedError(
            f"This request is no longer open: {row.get_state_display().lower()}."
        )
    return row
