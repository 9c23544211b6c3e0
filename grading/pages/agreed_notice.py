"""What a marker is told about an agreed marking of the answer that they look at."""

from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse

from grading.models import Marking, Stage
from grading.pages.marking_desk import MarkingDesk


@dataclass(frozen=True, kw_only=True)
class AgreedNotice:
    """A finished agreed marking, which counts before all others.

    `points` is None for a second marker who has not finished their own marking.
    `differ_above` is the difference from which two markings need an agreed one, and
    `url` the page on which the agreed one is taken back.
    """

    points: Decimal | None
    differ_above: Decimal
    url: str


def agreed_notice(
    desk: MarkingDesk, stored: Marking | None, *, agreed: Marking | None
) -> AgreedNotice | None:
    """Return the notice, or None if no agreed marking counts.

    `stored` is the marker's own marking, and `agreed` the finished agreed one.

    SECURITY: the agreed points say what the first marker gave, so a second marker sees
    them only once their own marking is finished.
    """
    if agreed is None:
        return None
    is_blind = desk.item.stage == Stage.SECOND and not (stored and stored.is_finished)
    assignment = desk.assignment
    args = [assignment.course.slug, assignment.slug]
    return AgreedNotice(
        points=None if is_blind else agreed.points,
        differ_above=assignment.agreed_above,
        url=reverse("grading:marking-agree", args=args) + "#agreed",
    )
