"""Stores submissions for tests that are not about runs."""

from collections.abc import Sequence
from datetime import datetime

from accounts.models import User
from courses.models import Assignment
from submissions.models import Submission
from submissions.services import IncomingFile, accept_files, record_submission


def create_submission(
    *,
    actor: User,
    assignment: Assignment,
    files: Sequence[IncomingFile],
    started_at: datetime,
    idempotency_key: str = "",
) -> Submission:
    """Store one attempt of the actor with its files, without queueing a run."""
    accepted = accept_files(
        actor=actor,
        assignment=assignment,
        files=files,
        idempotency_key=idempotency_key,
    )
    return record_submission(
        actor=actor,
        assignment=assignment,
        accepted=accepted,
        started_at=started_at,
        idempotency_key=idempotency_key,
    )
