"""What each person may see of runs, marks and self-checks, and how a run changes state."""

from grading.querysets.marks import MarkQuerySet
from grading.querysets.regrade_requests import RegradeRequestQuerySet
from grading.querysets.release_mails import ReleaseMailQuerySet
from grading.querysets.runs import CANCELLED, GradingRunQuerySet, from_now, lease_end
from grading.querysets.self_checks import SelfCheckQuerySet

__all__ = [
    "CANCELLED",
    "GradingRunQuerySet",
    "MarkQuerySet",
    "RegradeRequestQuerySet",
    "ReleaseMailQuerySet",
    "SelfCheckQuerySet",
    "from_now",
    "lease_end",
]
