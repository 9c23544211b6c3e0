"""A whole run of the benchmarks, for the terminal and as docs/benchmarks.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from bench.breakdown import Breakdown
from bench.setting import Findings
from bench.table import as_markdown, as_text, cells_of, cells_of_breakdown
from bench.targets import Row

_HOW: Final = """\
# Benchmarks

Written by `make bench WRITE=docs/benchmarks.md`. Every row is measured beside its peer, in one run on one machine.

* In each row, Softmark and its peers take turns (A B A B …), so that a disturbance affects all of them. The first turn of each (the first three in row 3) is a warm-up and does not count. Everything runs on the same two cores.
* A figure is the median. The brackets behind it give the lowest value, the highest value and the number of runs.
* *Ours* is the time from the call of `Runner.run` to its result. The runner is warm and keeps one spare jail ready (two in row 5). The start of the runner, which takes a few seconds once, does not count. *Alone* means that the run starts half a second after the one before, so that the spare is ready, as in rows 2 and 4. *At once* means that the run starts directly after another run of ours.
* The time of nbclient includes the start and the end of the kernel. The process has imported nbclient before; it uses the stock ipykernel and no sandbox. The time of nbgrader is that of `nbgrader autograde`, which in row 5 grades four students in one command. The time of Otter is that of `otter run`. All peers have stock settings, and their files are in the page cache.
* The peers really do the work: nbclient must show the same outputs as Softmark, and nbgrader and Otter must give the same points. The student's code and the tests are the same for all.
* *Fork, unshare* forks a process that has imported torch, and moves the child into new namespaces. A warm run in a jail costs at least this time.
* *Cells alone* executes the cells in a process that has imported torch and has run the cells before. It uses one thread, as our runner does, and draws the same picture.
"""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The findings, and the machine on which they were made."""

    facts: Mapping[str, str]
    findings: Sequence[Findings]

    @property
    def rows(self) -> list[Row]:
        return list(chain.from_iterable(one.rows for one in self.findings))

    @property
    def breakdowns(self) -> list[Breakdown]:
        return list(chain.from_iterable(one.breakdowns for one in self.findings))

    def text(self) -> str:
        """Return the report for a terminal."""
        return "\n".join(self._text())

    def _text(self) -> Iterator[str]:
        yield as_text(list(self.facts.items()))
        yield ""
        yield as_text(cells_of(self.rows))
        for breakdown in self.breakdowns:
            yield f"\n{breakdown.title}"
            yield as_text(cells_of_breakdown(breakdown))
            yield breakdown.note

    def markdown(self) -> str:
        """Return the report as a document."""
        return "\n".join(self._markdown()) + "\n"

    def _markdown(self) -> Iterator[str]:
        yield _HOW
        yield as_markdown([("", ""), *self.facts.items()])
        yield f"\n{as_markdown(cells_of(self.rows))}"
        for breakdown in self.breakdowns:
            yield f"\n## {breakdown.title}\n"
            yield as_markdown(cells_of_breakdown(breakdown))
            if breakdown.note:
                yield f"\n{breakdown.note}"
        yield "\nEach figure is a separate median, so the phases need not add up to the total."
