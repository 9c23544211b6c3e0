"""The secret seed of a run: the tests draw from it, and only staff may see it.

SECURITY: a student who knows the seed, or any number derived from it, knows what the
tests will draw. It is on no page and in no API response for students.
"""

import secrets
from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from courses.models import AssignmentRevision
from grading.models import GradingRun

_BITS: Final = 63  # the largest number of bits that a signed column holds


def new_grading_seed(run: GradingRun) -> int:
    """Return the secret seed for a run that is about to be stored.

    It is the revision's own seed if the revision fixes one. Otherwise each run of a
    submission has the seed of the submission's first run, so that the same inputs give
    the same mark. A new attempt and a trial draw a new seed.
    """
    recorded: Mapping[UUID, int] = {}
    if run.submission_id is not None:
        recorded = recorded_seeds([run.submission_id])
    known = known_seed(run.revision, next(iter(recorded.values()), None))
    return secrets.randbits(_BITS) if known is None else known


def known_seed(revision: AssignmentRevision, recorded: int | None) -> int | None:
    """Return the secret seed of a rerun by the revision, or None if it draws a new one.

    `recorded` is the seed of the submission's first run.
    """
    return recorded if revision.grading_seed is None else revision.grading_seed


def recorded_seeds(submissions: Collection[UUID]) -> Mapping[UUID, int]:
    """Return the seed of each submission's first run that has one, in one query."""
    found: dict[UUID, int] = {}
    rows = (
        GradingRun.objects.filter(
            submission__in=submissions, grading_seed__isnull=False
        )
        .order_by("number")
        .only("submission", "grading_seed")
    )
    for run in rows:
        if run.grading_seed is not None:
            found.setdefault(run.work_id, run.grading_seed)
    return found
