"""Services that write runs and marks, and decide what each person sees of them."""

from grading.services.attempt_bars import attempt_bar, load_shown_hand_points
from grading.services.claiming import Claim, claim_next
from grading.services.environment_records import record_environments
from grading.services.incidents import mail_incidents, record_incidents
from grading.services.leases import (
    HeartbeatAnswer,
    fail_try,
    finish_run,
    heartbeat,
    put_run_back,
    release_run,
)
from grading.services.mark_previews import MarkPreview
from grading.services.marks import (
    counting_run,
    load_counting_runs,
    recompute_mark,
    record_changed_marks,
)
from grading.services.publishing import (
    TrialsNotGoodError,
    publish_revision,
    start_trials,
)
from grading.services.queue_health import (
    WaitingRuns,
    old_queues,
    waiting_runs,
    worker_problems,
)
from grading.services.queue_place import QueuePlace, place_in_queue
from grading.services.regrades import (
    RegradePlan,
    RegradeRefusedError,
    RegradeRow,
    confirm_regrade,
    digest_of,
    discard_regrade,
    open_regrade,
    plan_regrade,
    preview_regrade,
    start_regrade,
)
from grading.services.rescoring import (
    RescorePlan,
    RescoreRefusedError,
    plan_rescore,
    rescore,
)
from grading.services.run_queue import (
    RerunRefusedError,
    cancel_run,
    enqueue_run,
    is_of_hand_in,
    may_cancel,
    rerun,
)
from grading.services.run_times import RunTimes, shown_time, shown_times
from grading.services.self_checks import (
    check_opened_attempt,
    check_work,
    drop_self_check_files,
    hand_in_checked_files,
    self_checks_left,
)
from grading.services.submit import finish_attempt, submit_work
from grading.services.sweeping import SweepReport, sweep
from grading.services.visibility import (
    ShownMark,
    Trace,
    counting_run_to_show,
    self_check_results,
    show_mark,
    show_run,
    show_runs_at,
    staff_results,
    staff_traces,
    student_mark,
    student_results,
)
from grading.services.worker_presence import (
    all_paused,
    forget_old_records,
    forget_worker,
    note_pause,
    note_presence,
    present_workers,
)

__all__ = [
    "Claim",
    "HeartbeatAnswer",
    "MarkPreview",
    "QueuePlace",
    "RegradePlan",
    "RegradeRefusedError",
    "RegradeRow",
    "RerunRefusedError",
    "RescorePlan",
    "RescoreRefusedError",
    "RunTimes",
    "ShownMark",
    "SweepReport",
    "Trace",
    "TrialsNotGoodError",
    "WaitingRuns",
    "all_paused",
    "attempt_bar",
    "cancel_run",
    "check_opened_attempt",
    "check_work",
    "claim_next",
    "confirm_regrade",
    "counting_run",
    "counting_run_to_show",
    "digest_of",
    "discard_regrade",
    "drop_self_check_files",
    "enqueue_run",
    "fail_try",
    "finish_attempt",
    "finish_run",
    "forget_old_records",
    "forget_worker",
    "hand_in_checked_files",
    "heartbeat",
    "is_of_hand_in",
    "load_counting_runs",
    "load_shown_hand_points",
    "mail_incidents",
    "may_cancel",
    "note_pause",
    "note_presence",
    "old_queues",
    "open_regrade",
    "place_in_queue",
    "plan_regrade",
    "plan_rescore",
    "present_workers",
    "preview_regrade",
    "publish_revision",
    "put_run_back",
    "recompute_mark",
    "record_changed_marks",
    "record_environments",
    "record_incidents",
    "release_run",
    "rerun",
    "rescore",
    "self_check_results",
    "self_checks_left",
    "show_mark",
    "show_run",
    "show_runs_at",
    "shown_time",
    "shown_times",
    "staff_results",
    "staff_traces",
    "start_regrade",
    "start_trials",
    "student_mark",
    "student_results",
    "submit_work",
    "sweep",
    "waiting_runs",
    "worker_problems",
]
