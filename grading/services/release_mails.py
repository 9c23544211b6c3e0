"""Mails that a mark is released: one to each student, without any points."""

import datetime as dt
from collections.abc import Collection
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from courses.broker import send_task_wake_up
from courses.models import Assignment, Enrolment
from courses.services.due_mails import DueMails
from grading.models import Mark, ReleaseMail
from grading.services.view_times import own_times

TASK: Final = "grading.mail_releases"


def queue_release_mails(
    assignment: Assignment, students: Collection[int], *, at: dt.datetime
) -> None:
    """Have these students mailed, by their ids, once their marks come out.

    `at` is the time of the release. Who was mailed already about this release, such as
    that to a group, is not mailed again.
    """
    told = set(
        ReleaseMail.objects.filter(assignment=assignment, mail_due_at=None)
        .told()
        .order_by()
        .values_list("student", flat=True)
    )
    wanted = [each for each in students if each not in told]
    ReleaseMail.objects.bulk_create(
        [
            ReleaseMail(assignment=assignment, student_id=each, mail_due_at=at)
            for each in wanted
        ],
        update_conflicts=True,
        unique_fields=["assignment", "student"],
        update_fields=["mail_due_at", "mail_tries", "mail_refusals"],
    )
    transaction.on_commit(lambda: send_task_wake_up(TASK))


def cancel_release_mails(assignment: Assignment) -> None:
    """Forget the mails, sent or not, of those whose marks are not out now.

    So the next release mails them, too.
    """
    rows = ReleaseMail.objects.filter(assignment=assignment)
    kept = list(rows.told().order_by().values_list("pk", flat=True))
    rows.exclude(pk__in=kept).delete()


def mail_due_releases(*, now: dt.datetime) -> int:
    """Send a portion of the mails whose marks are out by now; return how many."""
    rows = ReleaseMail.objects.told().select_related("assignment__course", "student")
    return _MAILS.send(rows, now)


def _message(row: ReleaseMail) -> EmailMessage | None:
    """Return the mail, or None if the student has left or has no mark any more.

    SECURITY: it has no points. Mails are read by others, and the mark may change.
    """
    assignment, course = row.assignment, row.assignment.course
    enrolled = Enrolment.objects.students().filter(course=course, user=row.student)
    marks = Mark.objects.filter(assignment=assignment, student=row.student)
    mark = marks.first()
    if not enrolled.exists() or mark is None or mark.is_empty:
        return None
    page = reverse("gradebook:marks", args=[course.slug])
    subject = f"[{course.codes or course.title}] Mark released: {assignment.title}"
    body = render_to_string(
        "grading/release_mail.txt",
        {
            "assignment": assignment,
            "course": course,
            "address": f"{settings.SITE_URL}{page}#mark-{assignment.pk}",
        },
    )
    return EmailMessage(" ".join(subject.split()), body, to=[row.student.email])


def _out_since(row: ReleaseMail) -> dt.datetime:
    """Return since when the mark is out for the student, or is not withheld any more."""
    own = own_times(row.assignment, row.student)
    marks = Mark.objects.filter(assignment=row.assignment, student=row.student)
    times = [
        own.deadline.results_wait_until,
        own.release.released_at,
        marks.values_list("updated_at", flat=True).first(),
    ]
    return max(each for each in times if each is not None)


_MAILS: Final = DueMails[ReleaseMail](
    task=TASK,
    due="mail_due_at",
    tries="mail_tries",
    refusals="mail_refusals",
    event="release_mail_not_sent",
    message=_message,
    since=_out_since,
    about=lambda row: {"release_mail": row.pk},
)
