"""The rows of DESIGN.md's table of speed, one module each, by number."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bench.rows import empty, execution, grading, overhead, proxies, throughput
from bench.setting import Findings, Setting


@dataclass(frozen=True, kw_only=True)
class RowPlan:
    """How a row is measured, and how many spares the runner keeps meanwhile."""

    measure: Callable[[Setting], Findings]
    spares: int = 1


ROWS: Final[Mapping[int, RowPlan]] = {
    1: RowPlan(measure=execution.measure),
    2: RowPlan(measure=grading.measure),
    3: RowPlan(measure=empty.measure),
    4: RowPlan(measure=overhead.measure),
    5: RowPlan(measure=throughput.measure, spares=2),
    6: RowPlan(measure=proxies.measure),
}
