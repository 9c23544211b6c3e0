"""`python -m bench`: measure the rows that are asked for, and print the table."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from bench import machine
from bench.notebooks import EMPTY
from bench.ours import Ours
from bench.report import Report
from bench.rows import ROWS
from bench.setting import Setting
from runner.host import Runner

_CORES: Final = 2


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _numbers(text: str) -> list[int]:
    """Return the rows that a list such as `1,3` names."""
    numbers = [int(one) for one in text.split(",")]
    if not set(numbers) <= set(ROWS):
        raise argparse.ArgumentTypeError(f"rows are {min(ROWS)} to {max(ROWS)}")
    return numbers


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rows", type=_numbers, default=list(ROWS))
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--peers", type=Path, required=True, help="their interpreter")
    parser.add_argument("--write", type=Path, help="write the report as Markdown")
    return parser.parse_args(arguments)


def measure(rows: Sequence[int], repeats: int, peers: Path) -> Report:
    """Return what the rows found, on two cores, which all processes inherit."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        closing(Runner({"default": ""})) as runner,
    ):
        runner.warm_up()
        setting = Setting(
            ours=Ours(runner),
            peers=peers.absolute(),
            folder=Path(folder),
            repeats=repeats,
            say=_say,
        )
        before = machine.load()
        findings = []
        for number in rows:
            _say(f"Row {number}")
            findings.append(ROWS[number](setting))
        facts = machine.describe(runner, setting.ours.run(EMPTY).result, peers)
        facts["load"] = f"before {before}; after {machine.load()}"
    return Report(facts=facts, findings=findings)


def main(arguments: Sequence[str]) -> None:
    """The rows are measured and printed, and written where that was asked for."""
    options = parse(arguments)
    report = measure(options.rows, options.repeats, options.peers)
    print(report.text())
    if options.write is not None:
        options.write.write_text(report.markdown())


if __name__ == "__main__":
    main(sys.argv[1:])
