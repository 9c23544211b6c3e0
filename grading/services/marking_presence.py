"""Who marks what at the moment."""

from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import User
from courses.models import Assignment
from courses.permissions import Right
from courses.services.access import require_right
from grading.models import MarkerAllocation, MarkingPresence, Stage
from grading.querysets import from_now
from grading.services.marking import MarkingTarget

# For how long somebody is there after their page was last heard of.
PRESENT_SECONDS: Final = 60


def note_presence(*, actor: User, target: MarkingTarget) -> None:
    """Store that the marker has this open now. They have one thing open at a time.

    Raises PermissionDenied if the actor may not mark in the course.
    """
    require_right(actor, Right.GRADE, target.rubric.assignment.course)
    MarkingPresence.objects.update_or_create(
        marker=actor,
        defaults={
            "rubric": target.rubric,
            "student": target.student,
            "submission": target.submission,
            "seen_at": Now(),
        },
    )


def present_markers(assignment: Assignment, viewer: User) -> dict[tuple[str, int], str]:
    """Return the names of others who make a first marking, by question and student.

    SECURITY: second markings are left out, as is who makes them. So a second marker and
    a first one learn nothing of each other here.
    """
    second = MarkerAllocation.objects.filter(
        Q(key="") | Q(key=OuterRef("rubric__key")),
        Q(student__isnull=True) | Q(student=OuterRef("student")),
        assignment=assignment,
        marker=OuterRef("marker"),
        stage=Stage.SECOND,
    )
    rows: Any = (
        MarkingPresence.objects.filter(
            ~Exists(second),
            rubric__assignment=assignment,
            seen_at__gt=from_now(-PRESENT_SECONDS),
        )
        .exclude(marker=viewer)
        .annotate(key=F("rubric__key"))
        .select_related("marker")
        .order_by("seen_at")
    )
    return {(row.key, row.student_id): row.marker.name for row in rows}
