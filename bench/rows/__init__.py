"""The rows of DESIGN.md's table of speed, one module each, by number."""

from collections.abc import Callable, Mapping
from typing import Final

from bench.rows import empty, execution, grading, overhead, throughput
from bench.setting import Findings, Setting

ROWS: Final[Mapping[int, Callable[[Setting], Findings]]] = {
    1: execution.measure,
    2: grading.measure,
    3: empty.measure,
    4: overhead.measure,
    5: throughput.measure,
}
