"""Mails that staff write to chosen students of a course, one to each."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.broker import send_task_wake_up
from courses.models import Course, CourseChange, Enrolment, StudentMail
from courses.models.student_mail import LONGEST_MAIL, LONGEST_SUBJECT
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.due_mails import DueMails

TASK: Final = "courses.mail_students"
# In these places of a text stand the student's name, and what is known of them.
NAME: Final = "[name]"
REASONS: Final = "[reasons]"
MOST_STUDENTS: Final = 500


class MailRefusedError(Exception):
    """The mails were not stored. The text says what to do."""


@transaction.atomic
def write_student_mails(
    *,
    actor: User,
    course: Course,
    reasons: Mapping[int, Sequence[str]],
    subject: str,
    text: str,
) -> int:
    """Store one mail for each of these students, to be sent; return how many.

    `reasons` has the students' ids, with what stands in place of “[reasons]”, a line
    for each. Each mail goes to one student, so nobody sees who else got one. Raises
    PermissionDenied if the actor may not manage the course's people, and
    MailRefusedError.
    """
    require_right(actor, Right.MANAGE_PEOPLE, course)
    subject, text = " ".join(subject.split()), text.replace("\0", "").strip()
    students = _students(course, reasons)
    _check(subject, text, students)
    now = timezone.now()
    made = [
        StudentMail(
            course=course,
            student=student,
            author=actor,
            subject=subject,
            body=_filled(text, student, reasons[student.pk]),
            written_at=now,
            mail_due_at=now,
        )
        for student in students
    ]
    if any(len(each.body) > LONGEST_MAIL for each in made):
        raise MailRefusedError("The text is too long with the reasons. Shorten it.")
    StudentMail.objects.bulk_create(made)
    people = "1 student was" if len(made) == 1 else f"{len(made)} students were"
    record_change(
        actor=actor,
        course=course,
        kind=CourseChange.Kind.CONTENT,
        summary=f"{people} mailed: “{subject}”.",
    )
    transaction.on_commit(lambda: send_task_wake_up(TASK))
    return len(made)


def _students(course: Course, chosen: Mapping[int, object]) -> list[User]:
    rows = Enrolment.objects.students().filter(course=course, user__in=chosen)
    return [row.user for row in rows.select_related("user").order_by("user")]


def _check(subject: str, text: str, students: Sequence[User]) -> None:
    if not students:
        raise MailRefusedError("Choose at least one student.")
    if len(students) > MOST_STUDENTS:
        raise MailRefusedError(f"Choose at most {MOST_STUDENTS} students at a time.")
    if not subject or len(subject) > LONGEST_SUBJECT:
        raise MailRefusedError(
            f"Write a subject of at most {LONGEST_SUBJECT} characters."
        )
    if not text or len(text) > LONGEST_MAIL:
        raise MailRefusedError(f"Write a text of at most {LONGEST_MAIL} characters.")


def _filled(text: str, student: User, reasons: Sequence[str]) -> str:
    lines = "\n".join(f"* {each}" for each in reasons)
    return text.replace(REASONS, lines).replace(NAME, student.name)


def mail_due_to_students(*, now: dt.datetime) -> int:
    """Send a portion of the mails that are due; return how many were sent."""
    rows = StudentMail.objects.select_related("course", "student", "author")
    return _MAILS.send(rows, now)


def _message(row: StudentMail) -> EmailMessage | None:
    """Return the mail, or None if the student has left the course by now."""
    students = Enrolment.objects.students().filter(course=row.course_id)
    if not students.filter(user=row.student_id).exists():
        return None
    course = row.course
    address = settings.SITE_URL + course.get_absolute_url()
    return EmailMessage(
        f"[{' '.join((course.codes or course.title).split())}] {row.subject}",
        f"{row.body}\n\n{course.title} {course.academic_year}: {address}\n",
        to=[row.student.email],
        reply_to=[row.author.email],
    )


_MAILS: Final = DueMails[StudentMail](
    task=TASK,
    due="mail_due_at",
    tries="mail_tries",
    refusals="mail_refusals",
    event="student_mail_not_sent",
    message=_message,
    since=lambda row: row.written_at,
    about=lambda row: {"student_mail": row.pk},
    sent=lambda now: {"mailed_at": now},
)
