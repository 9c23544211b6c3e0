"""The setting in which every row is measured, and a row's findings."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.breakdown import Breakdown
from bench.ours import Ours
from bench.peers.process import Worker, stock_environment
from bench.series import Contestant, Series, take_turns
from bench.targets import Row

# One thread for each notebook, as in the runner.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a row found: lines of the table, and breakdowns of the time."""

    rows: tuple[Row, ...]
    breakdowns: tuple[Breakdown, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A warm runner, the interpreter that has the peers, and a scratch folder."""

    ours: Ours
    peers: Path
    folder: Path
    repeats: int
    say: Callable[[str], None] = field(repr=False)

    def take_turns(
        self, contestants: Mapping[str, Contestant], *, warm_ups: int = 1
    ) -> dict[str, Series]:
        """Return a series for each contestant, measured in turns."""
        return take_turns(
            contestants, repeats=self.repeats, warm_ups=warm_ups, say=self.say
        )

    def stock_worker(self, module: str) -> Worker:
        """Return the worker in the peers' interpreter, with stock settings."""
        environment = stock_environment(self.peers, self._home(module))
        return Worker(self.peers, module, environment, self.folder / f"{module}.log")

    def warm_worker(self, module: str) -> Worker:
        """Return the worker in the runner's own interpreter, with one thread."""
        interpreter = Path(sys.executable)
        environment = {
            **stock_environment(interpreter, self._home(module)),
            **_ONE_THREAD,
        }
        return Worker(interpreter, module, environment, self.folder / f"{module}.log")

    def _home(self, name: str) -> Path:
        home = self.folder / f"home-{name}"
        home.mkdir(exist_ok=True)
        return home
