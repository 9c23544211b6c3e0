"""Everything that writes runs and marks, and what may be shown of them."""

from grading.services.environments import record_environments
from grading.services.leases import (
    Claim,
    HeartbeatAnswer,
    claim_next,
    fail_try,
    finish_run,
    heartbeat,
    release_run,
)
from grading.services.marks import counting_run, recompute_mark
from grading.services.queueing import (
    QueuePlace,
    cancel_run,
    enqueue_run,
    place_in_queue,
    rerun,
    submit_work,
)
from grading.services.showing import (
    ShownMark,
    show_mark,
    show_run,
    staff_results,
    student_mark,
    student_results,
)
from grading.services.sweeping import SweepReport, sweep

__all__ = [
    "Claim",
    "HeartbeatAnswer",
    "QueuePlace",
    "ShownMark",
    "SweepReport",
    "cancel_run",
    "claim_next",
    "counting_run",
    "enqueue_run",
    "fail_try",
    "finish_run",
    "heartbeat",
    "place_in_queue",
    "recompute_mark",
    "record_environments",
    "release_run",
    "rerun",
    "show_mark",
    "show_run",
    "staff_results",
    "student_mark",
    "student_results",
    "submit_work",
    "sweep",
]
