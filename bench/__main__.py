"""`python -m bench`: measure the rows that are asked for, and print the table."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import machine
from bench.measured_notebooks import EMPTY
from bench.ours import Ours
from bench.report import Report
from bench.rows import ROWS
from bench.setting import Findings, Setting
from runner.host.runner import Runner
from runner.protocol.jobs import JobResult

_CORES: Final = 2


@dataclass(frozen=True, kw_only=True)
class RowResult:
    """The findings of a row, and the result of one run, with versions and level."""

    findings: Findings
    result: JobResult


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _numbers(text: str) -> list[int]:
    """Return the rows that a list such as `1,3` names."""
    numbers = [int(one) for one in text.split(",")]
    if not set(numbers) <= set(ROWS):
        raise argparse.ArgumentTypeError(f"rows are {min(ROWS)} to {max(ROWS)}")
    return numbers


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rows", type=_numbers, default=list(ROWS))
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--peers", type=Path, required=True, help="their interpreter")
    parser.add_argument("--write", type=Path, help="write the report as Markdown")
    return parser.parse_args(arguments)


def measure(rows: Sequence[int], repeats: int, peers: Path) -> Report:
    """Return what the rows found, on two cores, which all processes inherit."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])
    before = machine.load()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        results = [_measure_row(one, repeats, peers, Path(folder)) for one in rows]
    facts = machine.describe(results[-1].result, peers)
    facts["load"] = f"before {before}; after {machine.load()}"
    return Report(facts=facts, findings=[one.findings for one in results])


def _measure_row(number: int, repeats: int, peers: Path, folder: Path) -> RowResult:
    """Return what the row found, in a runner of its own."""
    _say(f"Row {number}")
    plan = ROWS[number]
    with closing(Runner({"default": ""}, spares=plan.spares)) as runner:
        runner.warm_up()
        setting = Setting(
            ours=Ours(runner),
            peers=peers.absolute(),
            folder=folder,
            repeats=repeats,
            say=_say,
        )
        findings = plan.measure(setting)
        return RowResult(findings=findings, result=setting.ours.run(EMPTY).result)


def main(arguments: Sequence[str]) -> None:
    """Measure the rows, print the report, and write it to a file if asked to."""
    options = parse(arguments)
    report = measure(options.rows, options.repeats, options.peers)
    print(report.text())
    if options.write is not None:
        options.write.write_text(report.markdown())


if __name__ == "__main__":
    main(sys.argv[1:])
