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
from grading.services.publishing import (
    TrialsNotGoodError,
    publish_revision,
    start_trials,
)
from grading.services.queueing import (
    QueuePlace,
    cancel_run,
    enqueue_run,
    place_in_queue,
    rerun,
    submit_work,
)
from grading.services.regrades import (
    RegradeRefusedError,
    RegradeRow,
    RerunPlan,
    confirm_regrade,
    digest_of,
    discard_regrade,
    open_regrade,
    plan_rerun,
    preview_regrade,
    start_regrade,
)
from grading.services.rescoring import (
    MarkPreview,
    RescorePlan,
    RescoreRefusedError,
    plan_rescore,
    rescore,
)
from grading.services.showing import (
    ShownMark,
    Trace,
    show_mark,
    show_run,
    staff_results,
    staff_traces,
    student_mark,
    student_results,
)
from grading.services.sweeping import SweepReport, sweep

__all__ = [
    "Claim",
    "HeartbeatAnswer",
    "MarkPreview",
    "QueuePlace",
    "RegradeRefusedError",
    "RegradeRow",
    "RerunPlan",
    "RescorePlan",
    "RescoreRefusedError",
    "ShownMark",
    "SweepReport",
    "Trace",
    "TrialsNotGoodError",
    "cancel_run",
    "claim_next",
    "confirm_regrade",
    "counting_run",
    "digest_of",
    "discard_regrade",
    "enqueue_run",
    "fail_try",
    "finish_run",
    "heartbeat",
    "open_regrade",
    "place_in_queue",
    "plan_rerun",
    "plan_rescore",
    "preview_regrade",
    "publish_revision",
    "recompute_mark",
    "record_environments",
    "release_run",
    "rerun",
    "rescore",
    "show_mark",
    "show_run",
    "staff_results",
    "staff_traces",
    "start_regrade",
    "start_trials",
    "student_mark",
    "student_results",
    "submit_work",
    "sweep",
]
