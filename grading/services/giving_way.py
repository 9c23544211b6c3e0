"""When a running self-check gives its slot to work that was handed in.

The queue alone does not keep self-checks out of the way: those that run already would
hold every slot of a worker until they end.
"""

from typing import Final

from django.conf import settings
from django.db.models import Count, Q

from grading.models import GradingRun
from grading.services.claiming import Claim
from grading.services.run_queue import LIVE_PRIORITY
from grading.states import State

# The code of the event of a self-check that has given way.
GAVE_WAY: Final = "gave_way"
# After so many times it is run to its end, so that it is not begun again for ever.
MOST_TIMES: Final = 3


def has_to_give_way(claim: Claim) -> bool:
    """Return whether the self-check must stop, so that a waiting hand-in gets its slot.

    As many of the worker's self-checks give way as hand-ins wait, the youngest first.
    One that is run to its end, after MOST_TIMES, is no choice: it must not stand for one
    that can give way. The caller knows that no slot of the worker is free. Two queries.
    """
    queue = GradingRun.objects.filter(pk=claim.run_id).values("queue")[:1]
    waiting = (
        GradingRun.objects.queued()
        .filter(queue=queue, priority__gte=LIVE_PRIORITY - 1)
        .order_by()
        .values("pk")[: settings.WORKER_SLOTS]
        .count()
    )
    if not waiting:
        return False
    process, _, _ = claim.worker.rpartition(":")
    running = GradingRun.objects.filter(
        state=State.RUNNING, self_check__isnull=False, worker__startswith=f"{process}:"
    )
    times = Count("events", filter=Q(events__code=GAVE_WAY))
    can_give_way = running.annotate(times=times).filter(times__lt=MOST_TIMES)
    youngest = can_give_way.order_by("-started_at", "pk").values_list("pk", flat=True)
    return claim.run_id in set(youngest[:waiting])
