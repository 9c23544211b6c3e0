"""Pages of coursework, runs and marks."""

from grading.views.assignment import assignment, submit
from grading.views.importing import assignment_import
from grading.views.marks import marks
from grading.views.run import run, run_again, run_cancel, run_notebook, run_status
from grading.views.staff import assignment_staff

__all__ = [
    "assignment",
    "assignment_import",
    "assignment_staff",
    "marks",
    "run",
    "run_again",
    "run_cancel",
    "run_notebook",
    "run_status",
    "submit",
]
