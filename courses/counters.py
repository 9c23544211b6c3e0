"""What this process has counted and timed since it started, for the metrics.

A worker stores these numbers in its presence record, and /metrics reads them there.
Labels come from fixed sets of words: never a name, a title or an address.
"""

import threading
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

# The upper limits of the groups in which times are counted, in seconds.
TIME_LIMITS: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)

_Key = tuple[str, tuple[tuple[str, str], ...]]


def _no_counts() -> list[int]:
    return [0] * (len(TIME_LIMITS) + 1)


@dataclass
class _Times:
    """How many times fell into each group, the last one without a limit; their sum."""

    groups: list[int] = field(default_factory=_no_counts)
    total: float = 0.0


class Counters:
    """Numbers that only grow. Several threads may add to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[_Key, int] = defaultdict(int)
        self._times: dict[_Key, _Times] = defaultdict(_Times)

    def count(self, name: str, **labels: str) -> None:
        """Add one to the number of this name and these labels."""
        with self._lock:
            self._counts[_key(name, labels)] += 1

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add a time to those of this name and these labels."""
        seconds = max(seconds, 0.0)
        with self._lock:
            times = self._times[_key(name, labels)]
            times.groups[bisect_left(TIME_LIMITS, seconds)] += 1
            times.total += seconds

    def to_json(self) -> dict[str, Any]:
        """Return all numbers as JSON, as `counts` and `times`."""
        with self._lock:
            return {
                "counts": [
                    {"name": name, "labels": dict(labels), "value": value}
                    for (name, labels), value in self._counts.items()
                ],
                "times": [
                    {
                        "name": name,
                        "labels": dict(labels),
                        "groups": list(times.groups),
                        "sum": round(times.total, 3),
                    }
                    for (name, labels), times in self._times.items()
                ],
            }


def _key(name: str, labels: dict[str, str]) -> _Key:
    return name, tuple(sorted(labels.items()))


COUNTERS: Final = Counters()
