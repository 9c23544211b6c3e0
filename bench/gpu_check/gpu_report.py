"""The report of a GPU check: JSON for programs, Markdown for docs/gpu.md."""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from bench.gpu_check.attack_rows import attack_rows
from bench.gpu_check.device_runs import CONTEXT, KEPT, MIB, RETURN, Figure
from bench.gpu_check.device_tests import TestOutcome
from bench.table import as_markdown, duration
from runner.gpu.gpu_policy import GpuPolicy

_POLICY: Final = GpuPolicy()
# Settings of GpuPolicy that are guesses until they are measured, and what measures them.
_GUESSES: Final[Mapping[str, tuple[str, float, str]]] = {
    "context_bytes": (CONTEXT, _POLICY.context_bytes / MIB, "MiB"),
    "tolerance_bytes": (KEPT, _POLICY.tolerance_bytes / MIB, "MiB"),
    "return_seconds": (RETURN, _POLICY.return_seconds, "s"),
}
_SCRIPTED: Final = (
    "**A dry run on a scripted device, without a GPU.** It shows that the check itself "
    "works. No figure in it says anything about a GPU."
)


@dataclass(kw_only=True)
class GpuReport:
    """Collect test outcomes and figures. `write` stores those found so far, each time."""

    facts: dict[str, str]
    is_scripted: bool
    outcomes: list[TestOutcome] = field(default_factory=list)
    figures: Sequence[Figure] = ()

    @property
    def passed(self) -> bool:
        """Whether every test passed and every figure was measured."""
        return (
            bool(self.outcomes)
            and all(one.outcome == "passed" for one in self.outcomes)
            and all(one.values and not one.words for one in self.figures)
        )

    def write(self, folder: Path) -> None:
        """Write gpu-check.json and gpu-check.md into the folder."""
        text = json.dumps(self._plain(), indent=1)
        (folder / "gpu-check.json").write_text(text + "\n")
        (folder / "gpu-check.md").write_text("\n".join(self._markdown()) + "\n")

    def _plain(self) -> Mapping[str, object]:
        return {
            "facts": self.facts,
            "scripted": self.is_scripted,
            "passed": self.passed,
            "tests": [dataclasses.asdict(one) for one in self.outcomes],
            "attacks": [dataclasses.asdict(one) for one in attack_rows(self.outcomes)],
            "figures": [dataclasses.asdict(one) for one in self.figures],
            "settings": [
                dict(zip(("setting", "now", "most", "enough"), one, strict=True))
                for one in self._settings()
            ],
        }

    def _markdown(self) -> Iterator[str]:
        if self.is_scripted:
            yield _SCRIPTED + "\n"
        yield as_markdown([("", ""), *self.facts.items()])
        counts = {
            kind: sum(one.outcome == kind for one in self.outcomes)
            for kind in ("passed", "failed", "skipped")
        }
        listed = ", ".join(f"{number} {kind}" for kind, number in counts.items())
        yield f"\nTests: {listed}.\n"
        others = [one for one in self.outcomes if one.outcome != "passed"]
        if others:
            lines = [("test", "outcome", "why"), *map(_test_line, others)]
            yield as_markdown(lines) + "\n"
        rows = [
            (str(one.row), one.attack, one.ended) for one in attack_rows(self.outcomes)
        ]
        yield as_markdown([("row", "attack", "on this device"), *rows]) + "\n"
        figures = map(_line, self.figures)
        yield as_markdown([("measured", "median", ""), *figures]) + "\n"
        yield as_markdown(
            [
                ("setting of `GpuPolicy`", "now", "most that was measured", "enough"),
                *self._settings(),
            ]
        )

    def _settings(self) -> list[tuple[str, str, str, str]]:
        """Return each guessed setting with its value, the most measured, and a verdict."""
        by_name = {one.name: one for one in self.figures}
        lines = []
        for setting, (name, now, unit) in _GUESSES.items():
            values = by_name[name].values if name in by_name else ()
            most = shown(max(values), unit) if values else "not measured"
            enough = ("yes" if max(values) <= now else "NO") if values else ""
            lines.append((setting, shown(now, unit), most, enough))
        return lines


def shown(value: float, unit: str) -> str:
    """Return the value with its unit."""
    return duration(value) if unit == "s" else f"{value:.0f} {unit}"


def _line(one: Figure) -> tuple[str, str, str]:
    if not one.values:
        return one.name, "not measured", _cell(one.words)
    least, most = (
        shown(value, one.unit) for value in (min(one.values), max(one.values))
    )
    spread = f"{least} to {most}, n = {len(one.values)}"
    return one.name, shown(median(one.values), one.unit), _cell(f"{spread} {one.words}")


def _test_line(one: TestOutcome) -> tuple[str, str, str]:
    name = one.test.rpartition("::")[2]
    return f"`{name}`", one.outcome, _cell(one.words)


def _cell(words: str) -> str:
    """Return the words as they may stand in a cell of a table."""
    return " ".join(words.replace("|", "\\|").split())
