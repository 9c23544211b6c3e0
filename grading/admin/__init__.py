"""The admin of runs and marks, and of the extra time that changes marks."""

from grading.admin.extra_time_previews import AccommodationAdmin, ExtensionAdmin
from grading.admin.regrade_requests import RegradeRequestAdmin
from grading.admin.runs_and_marks import (
    GradingRunAdmin,
    MarkAdmin,
    PublicationAdmin,
    RegradeAdmin,
    RunnerEnvironmentAdmin,
    WorkerPresenceAdmin,
)

__all__ = [
    "AccommodationAdmin",
    "ExtensionAdmin",
    "GradingRunAdmin",
    "MarkAdmin",
    "PublicationAdmin",
    "RegradeAdmin",
    "RegradeRequestAdmin",
    "RunnerEnvironmentAdmin",
    "WorkerPresenceAdmin",
]
