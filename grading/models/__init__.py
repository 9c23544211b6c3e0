"""The models of runs, of what they found, and of the marks that follow."""

from grading.models.board_proposals import BoardProposal
from grading.models.incidents import Incident
from grading.models.marking_work import (
    MarkerAllocation,
    MarkingAlias,
    MarkingPresence,
)
from grading.models.markings import (
    CellComment,
    Marking,
    MarkingChange,
    SavedComment,
    Stage,
)
from grading.models.marks import (
    LONGEST_CAP_WORDS,
    NO_WORK,
    CountingWork,
    Mark,
    MarkChange,
    Standing,
    possible_of,
    standing_now,
)
from grading.models.publications import Publication
from grading.models.question_results import QuestionResult
from grading.models.regrade_requests import RegradeRequest
from grading.models.regrades import Regrade
from grading.models.release_mails import ReleaseMail
from grading.models.runs import GradingRun, RunEvent, Trial
from grading.models.self_checks import SelfCheck, SelfCheckFile
from grading.models.worker_records import RunnerEnvironment, WorkerPresence

__all__ = [
    "LONGEST_CAP_WORDS",
    "NO_WORK",
    "BoardProposal",
    "CellComment",
    "CountingWork",
    "GradingRun",
    "Incident",
    "Mark",
    "MarkChange",
    "MarkerAllocation",
    "Marking",
    "MarkingAlias",
    "MarkingChange",
    "MarkingPresence",
    "Publication",
    "QuestionResult",
    "Regrade",
    "RegradeRequest",
    "ReleaseMail",
    "RunEvent",
    "RunnerEnvironment",
    "SavedComment",
    "SelfCheck",
    "SelfCheckFile",
    "Stage",
    "Standing",
    "Trial",
    "WorkerPresence",
    "possible_of",
    "standing_now",
]
