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

* The contestants of a row take turns (A B A B …), so that what disturbs one disturbs the other. The first turn of each (the first three in row 3) is a warm-up and does not count. Everything runs on the same two cores.
* A figure is the median; behind it are the least, the most and the number of runs.
* Ours is the time from the call of `Runner.run` to its result, in a runner that is warm and keeps one spare jail ready (two in row 5). The runner's own start, a few seconds once, does not count. *Alone* comes half a second after what ran before, so that the spare is ready, as in rows 2 and 4; *at once* comes right behind another run of ours.
* nbclient's time is from no kernel to no kernel, in a process that has imported it, with the stock ipykernel and no sandbox. nbgrader's is that of `nbgrader autograde`, which in row 5 grades four students in one command; Otter's is that of `otter run`. All have stock settings and are as warm as the page cache makes them.
* The peers really do the work: nbclient must show what we show, nbgrader and Otter must give the points that we give. In each the student's code and the tests are the same.
* *Fork, unshare* forks a process that has imported torch and moves the child into namespaces of its own: what a warm and jailed run costs at least.
* *Cells alone* executes the cells in a process that has imported torch and has run them before, with one thread as ours, and draws the same picture.
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
        yield "\nEach figure is a median of its own, so phases need not add up."
