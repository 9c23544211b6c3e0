"""Many runs of one assignment at once, written without the services, in seconds."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from accounts.models import User
from courses.models import Assignment
from grading.models import GradingRun
from grading.services.fair_turns import SLOT
from submissions.models import Submission


def many_submissions(assignment: Assignment, count: int) -> list[Submission]:
    """Return submissions without files, each of another student."""
    now = timezone.now()
    people = User.objects.bulk_create(
        User(email=f"{uuid.uuid4().hex}@example.org", login=uuid.uuid4().hex[:16])
        for _ in range(count)
    )
    return Submission.objects.bulk_create(
        Submission(
            assignment=assignment,
            revision=assignment.revision,
            author=person,
            attempt=1,
            started_at=now,
            received_at=now,
        )
        for person in people
    )


def many_runs(work: Sequence[Submission], **values: Any) -> list[GradingRun]:
    """Return a run of each submission, queued unless `values` say otherwise."""
    first_at = timezone.now() - dt.timedelta(hours=1)
    return GradingRun.objects.bulk_create(
        GradingRun(
            **{
                "submission": submission,
                "revision": submission.revision,
                "course": submission.assignment.course,
                "grading_seed": 1,
                "number": 1,
                # As `next_turn` gives them while nothing is taken.
                "turn": SLOT + (SLOT + 2) * index - bool(index),
                "queued_at": first_at + dt.timedelta(milliseconds=index),
                **values,
            }
        )
        for index, submission in enumerate(work)
    )
