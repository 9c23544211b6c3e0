"""A regrade of everybody's work: how far it is, and which marks would change."""

from dataclasses import dataclass

from grading.models import Regrade
from grading.pages.badges import Badge, badge_for
from grading.services import RegradeRow, digest_of, preview_regrade
from grading.states import ACTIVE, State

_POLL_SECONDS = 3


@dataclass(frozen=True, kw_only=True)
class RegradeLine:
    row: RegradeRow
    badge: Badge


@dataclass(frozen=True, kw_only=True)
class RegradePage:
    regrade: Regrade
    lines: tuple[RegradeLine, ...]
    done: int
    changed: int
    without_result: int
    reused: int
    digest: str
    may_edit: bool
    poll_seconds: int
    error: str = ""

    @property
    def is_done(self) -> bool:
        return self.done == len(self.lines)


def regrade_page(*, regrade: Regrade, may_edit: bool) -> RegradePage:
    """Return the page in a fixed number of queries."""
    rows = preview_regrade(regrade)
    done = sum(row.run.state not in ACTIVE for row in rows)
    finished = sum(row.run.state == State.FINISHED for row in rows)
    return RegradePage(
        regrade=regrade,
        lines=tuple(RegradeLine(row=row, badge=badge_for(row.run)) for row in rows),
        done=done,
        changed=sum(row.mark is not None and row.mark.changes for row in rows),
        without_result=done - finished,
        reused=sum(row.run.copied_from_id is not None for row in rows),
        digest=digest_of(rows),
        may_edit=may_edit,
        poll_seconds=_POLL_SECONDS if regrade.is_open and done < len(rows) else 0,
    )
