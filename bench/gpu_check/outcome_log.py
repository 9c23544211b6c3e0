"""A pytest plugin that writes each test's outcome at once, as a line of JSON.

A run that is stopped half-way leaves the outcomes that it had reached.
"""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

VARIABLE: Final = "GPU_CHECK_OUTCOMES"
_LONGEST: Final = 300


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks, since no configuration file is read."""
    for name in ("gpu", "torch"):
        config.addinivalue_line("markers", f"{name}: see pyproject.toml")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write the outcome of a test, or of a part that did not pass."""
    if report.when != "call" and report.passed:
        return
    line = json.dumps(
        {
            "test": report.nodeid,
            "outcome": report.outcome,
            "seconds": round(report.duration, 2),
            "words": _words(report)[:_LONGEST],
        }
    )
    with Path(os.environ[VARIABLE]).open("a") as file:
        file.write(line + "\n")


def _words(report: pytest.TestReport) -> str:
    """Return why a test did not pass, in one line."""
    details: Any = report.longrepr
    if report.passed or details is None:
        return ""
    if isinstance(details, tuple):
        return str(details[-1])
    crash = getattr(details, "reprcrash", None)
    return " ".join(str(crash.message if crash else details).split())
