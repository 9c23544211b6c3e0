"""The tag of a live run's status, by which one query tells that nothing has changed.

A live page asks again and again, and mostly nothing is new. So its tag names what was
shown, and is signed over the row as it was before that. While the row is the same, the
tag's own page is the same, and neither session nor person need be looked up.

SECURITY: no check is being made while a tag is signed, and it does not depend on what
questions have given (`Progress.questions`). Otherwise a student's page would be answered
faster or slower as a hidden check ends. The signature is bound to the session, so that a
tag is of use to nobody else. Its answer tells only that what this person was shown is
still so, and it expires.
"""

import datetime as dt
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Self
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from grading.models import GradingRun
from grading.states import State

# After so many seconds the page is made again: what is shown may follow from more than
# the row, such as the expected wait.
MAX_AGE_SECONDS: Final = 60
# A place further back than this is no news: in a rush it changes all the time. The page
# shows it anew when it is made again, after MAX_AGE_SECONDS at the latest.
_NEAR_PLACES: Final = 20
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_SALT: Final = "grading.pages.run_tag"


@dataclass(frozen=True, kw_only=True)
class RunTag:
    """What was shown, and when it was made. `signature` is "" where nothing is signed."""

    shown: str
    made_at: int
    signature: str = ""

    @classmethod
    def made(
        cls, shown: str, *, run_id: UUID, session_key: str, row: str, now: dt.datetime
    ) -> Self:
        """Return the tag of a page, signed if possible.

        `row` is the result of `row_of` from before the page was made.
        """
        unsigned = cls(shown=shown, made_at=int(now.timestamp()))
        if not row or not session_key:
            return unsigned
        signature = unsigned._signature(run_id, session_key, row)
        return replace(unsigned, signature=signature)

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """Return the tag that `str` wrote, or None if the text is something else."""
        shown, _, rest = text.partition("-")
        made_at, _, signature = rest.partition("-")
        if not _SECONDS.fullmatch(made_at):
            return None
        return cls(shown=shown, made_at=int(made_at), signature=signature)

    def __str__(self) -> str:
        return f"{self.shown}-{self.made_at}-{self.signature}"

    def is_current(
        self,
        *,
        run_id: UUID,
        session_key: str,
        now: dt.datetime,
        read: Callable[[UUID], str] | None = None,
    ) -> bool:
        """Return whether the page of this tag is still the run's page, by one query.

        `read` is what has read the row for `made`, by default `row_of`.
        """
        age = now.timestamp() - self.made_at
        if not self.signature or not 0 <= age <= MAX_AGE_SECONDS:
            return False
        row = (read or row_of)(run_id)
        return bool(row) and hmac.compare_digest(
            self.signature, self._signature(run_id, session_key, row)
        )

    def _signature(self, run_id: UUID, session_key: str, row: str) -> str:
        words = (session_key, str(run_id), self.shown, str(self.made_at), row)
        signed = salted_hmac(_SALT, "\0".join(words), algorithm="sha256")
        return signed.hexdigest()[:32]


def row_of(run_id: UUID) -> str:
    """Return the run's row and place as text, or "" if no tag may be signed now.

    Call it before the page is made: a change in between then makes the tag outdated.
    """
    return _row(GradingRun.objects.filter(pk=run_id))


def row_of_self_check(check_id: UUID) -> str:
    """Return the row of the self-check's run, as `row_of` does. Its tag has this id."""
    return _row(GradingRun.objects.filter(self_check=check_id))


def _row(runs: QuerySet[GradingRun]) -> str:
    run = runs.only(*_READ).first()
    if run is None:
        return ""
    if run.state == State.QUEUED:
        waits = run.not_before is not None and run.not_before > timezone.now()
        place = min(GradingRun.objects.number_ahead_of(run), _NEAR_PLACES)
        return repr((_values(run), waits, place))
    if run.state != State.RUNNING:
        return ""
    return "" if run.progress.get("is_checking") else repr(_values(run))


_READ: Final = (
    *("state", "queue", "priority", "turn", "lease_token", "not_before"),
    *("started_at", "cancel_requested_at", "progress"),
)


def _values(run: GradingRun) -> list[object]:
    progress = {**run.progress, "questions": None}
    return [*(getattr(run, name) for name in _READ[:-1]), progress]
