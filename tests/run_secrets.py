"""Known secrets of runs and revisions, which only staff may read."""

from typing import Final

from courses.models import AssignmentRevision
from grading.models import GradingRun
from grading.worker.input_record import InputRecord

OF_RUNS: Final = 6_170_391_284_510_777
OF_REVISIONS: Final = 618_033_988_749
DIGESTS: Final = ("ab" * 32, "cd" * 32)
SECRETS: Final = (str(OF_RUNS), str(OF_REVISIONS), f"{OF_RUNS:x}", *DIGESTS)


def set_secrets() -> None:
    """Give all stored runs and revisions these secrets."""
    record = InputRecord(
        revision=1, grading_seed=OF_RUNS, bundle_sha256=DIGESTS[0], files={"a": "b"}
    )
    GradingRun.objects.update(grading_seed=OF_RUNS, record=record.to_json())
    # The run of a self-check has no such hash: the database refuses it.
    with_hash = GradingRun.objects.filter(self_check=None)
    with_hash.update(input_sha256=DIGESTS[1])
    GradingRun.objects.filter(state="finished").update(measures={"seconds": 1})
    AssignmentRevision.objects.update(
        grading_seed=OF_REVISIONS, bundle_sha256=DIGESTS[0]
    )


def secrets_in(text: str) -> list[str]:
    """Return which of the secrets stand in the text."""
    return [secret for secret in SECRETS if secret in text]
