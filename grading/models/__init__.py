"""The models of runs, of what they found, and of the marks that follow."""

from grading.models.incidents import Incident
from grading.models.marks import Mark, MarkChange
from grading.models.publications import Publication
from grading.models.question_results import QuestionResult
from grading.models.regrades import Regrade
from grading.models.runs import GradingRun, RunEvent, Trial
from grading.models.worker_records import RunnerEnvironment, WorkerPresence

__all__ = [
    "GradingRun",
    "Incident",
    "Mark",
    "MarkChange",
    "Publication",
    "QuestionResult",
    "Regrade",
    "RunEvent",
    "RunnerEnvironment",
    "Trial",
    "WorkerPresence",
]
