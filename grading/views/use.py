"""The page of what a course's runs have used, and the same as a CSV file."""

import csv
import io

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from accounts.models import User
from courses.models import Course
from courses.permissions import Right
from courses.views.access import allowed_course
from formats.roster import escaped
from grading.pages.use import use_page
from grading.services.use import self_check_use_in_course, use_in_course


@login_required
@require_safe
def use(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the CPU and GPU seconds of the course by week and by student."""
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    context = {
        "course": course,
        "tab": "manage",
        "page": use_page(course, request.user),
    }
    return render(request, "grading/use.html", context)


@login_required
@require_safe
def use_file(request: SignedInRequest, slug: str) -> HttpResponse:
    """Send what each student's runs and checks used in each week as a CSV file."""
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    day = timezone.now().astimezone(course.tz).date().isoformat()
    # With a byte order mark: without it, spreadsheets guess an older encoding.
    answer = HttpResponse(
        _table(course, request.user).encode("utf-8-sig"), "text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = (
        f'attachment; filename="use-{course.slug}-{day}.csv"'
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _table(course: Course, viewer: User) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = ("email", "login", "first_name", "last_name")
    numbers = ("runs", "cpu_seconds", "gpu_seconds")
    writer.writerow(["week", *names, *numbers, "of"])
    kinds = (
        ("attempts", use_in_course(course, viewer)),
        ("checks", self_check_use_in_course(course, viewer)),
    )
    for kind, rows in kinds:
        for row in rows:
            writer.writerow(
                [
                    row["week"].isoformat(),
                    *(escaped(row[name] or "") for name in names),
                    row["runs"],
                    round(row["cpu"], 2),
                    round(row["gpu"], 2),
                    kind,
                ]
            )
    return text.getvalue()
