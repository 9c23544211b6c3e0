"""Where a run is (state), how it ended (verdict), and which transitions are allowed."""

from typing import Final

from django.db import models


class State(models.TextChoices):
    """Where a run is. Terminal states are final; a regrade is a new run."""

    QUEUED = "queued", "In the queue"
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Cancelled"
    SUPERSEDED = "superseded", "Superseded by a later attempt"
    NEEDS_STAFF = "needs_staff", "Waiting for staff"


class Verdict(models.TextChoices):
    """How a finished run ended. The mark is a separate matter."""

    COMPLETED = "completed", "Ran to the end"
    STUDENT_ERROR = "student_error", "Stopped by an error in the notebook"
    LIMIT = "limit", "Stopped at a limit"
    REJECTED = "rejected", "Not run"
    NOTHING_RUN = "nothing_run", "Nothing is run: people mark it"


ACTIVE: Final = (State.QUEUED, State.RUNNING)
TERMINAL: Final = (
    State.FINISHED,
    State.CANCELLED,
    State.SUPERSEDED,
    State.NEEDS_STAFF,
)
# The run has ended, and no check was scored. People may still mark the work.
ENDED_WITHOUT_RESULT: Final = (State.CANCELLED, State.SUPERSEDED, State.NEEDS_STAFF)
EDGES: Final[frozenset[tuple[State, State]]] = frozenset(
    {
        (State.QUEUED, State.RUNNING),
        (State.QUEUED, State.CANCELLED),
        (State.QUEUED, State.SUPERSEDED),
        (State.RUNNING, State.QUEUED),  # the lease expired: try again
        (State.RUNNING, State.FINISHED),
        (State.RUNNING, State.CANCELLED),
        (State.RUNNING, State.NEEDS_STAFF),  # the last try failed through our fault
    }
)
