"""The rows of docs/attacks.md that a real GPU decides, with the outcomes of their tests."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.gpu_check.device_tests import TestOutcome

_ATTACKS: Final = Path(__file__).resolve().parents[2] / "docs" / "attacks.md"
_ROW: Final = re.compile(
    r"^\| (\d+) \| (.+?) \| .+ \| (.*test_gpu_real.*) \|$", re.MULTILINE
)
_TEST: Final = re.compile(r"::(\w+)`")


@dataclass(frozen=True, kw_only=True)
class AttackRow:
    """One attack, and how it ended: `held`, `FAILED`, `skipped` or `not run`."""

    row: int
    attack: str
    ended: str


def attack_rows(outcomes: Sequence[TestOutcome]) -> list[AttackRow]:
    """Return the attacks on a GPU, each with the worst outcome of its tests on a device."""
    return [
        AttackRow(
            row=int(row),
            attack=attack,
            ended=_ended(row, _TEST.findall(tests), outcomes),
        )
        for row, attack, tests in _ROW.findall(_ATTACKS.read_text())
    ]


def _ended(row: str, tests: Sequence[str], outcomes: Sequence[TestOutcome]) -> str:
    found = {
        one.outcome
        for one in outcomes
        if (name := one.test.rpartition("::")[2].partition("[")[0]) in tests
        or name.startswith(f"test_row_{row}_")
    }
    if "failed" in found:
        return "FAILED"
    if "skipped" in found:
        return "skipped"
    return "held" if found else "not run"
