"""The views of coursework, runs and marks."""

from grading.views.assignment import assignment, submit
from grading.views.assignment_staff import assignment_staff
from grading.views.coursework import assignment_new, assignment_settings
from grading.views.extensions import extension_withdraw, extensions
from grading.views.importing import assignment_import
from grading.views.marks import marks
from grading.views.regrades import (
    regrade,
    regrade_confirm,
    regrade_discard,
    regrade_start,
    rescore_marks,
)
from grading.views.release import release
from grading.views.run import run, run_again, run_cancel, run_notebook, run_status
from grading.views.trials import (
    publish,
    trial_file,
    trial_notebook,
    trials,
    trials_start,
)

__all__ = [
    "assignment",
    "assignment_import",
    "assignment_new",
    "assignment_settings",
    "assignment_staff",
    "extension_withdraw",
    "extensions",
    "marks",
    "publish",
    "regrade",
    "regrade_confirm",
    "regrade_discard",
    "regrade_start",
    "release",
    "rescore_marks",
    "run",
    "run_again",
    "run_cancel",
    "run_notebook",
    "run_status",
    "submit",
    "trial_file",
    "trial_notebook",
    "trials",
    "trials_start",
]
