"""What a run has used and where it ran, as the run page shows it."""

from dataclasses import dataclass
from typing import Any

from grading.models import GradingRun

_MEGABYTE = 1024**2

LEVELS = {
    "L0": "No jail. The notebook ran in its own process, with limits on time, memory "
    "and files. It was not isolated from the machine or the network.",
    "L1": "Jailed. The notebook had its own file system, processes and users. It had "
    "no network, and only the system calls that notebooks need.",
    "L2": "Jailed. The notebook had its own file system, processes and users. It had "
    "no network, only the system calls that notebooks need, and one limit on "
    "the memory of all its processes.",
    "L3": "Jailed, in a Python that was started only for this notebook. The notebook "
    "had its own file system, processes and users. It had no network, only the "
    "system calls that notebooks need, and one limit on the memory of all its "
    "processes.",
}


@dataclass(frozen=True, kw_only=True)
class CheckingMeasures:
    """What checking the questions used, after the notebook had ended."""

    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What the notebook used and where it ran."""

    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    memory_limit_bytes: int
    limit_seconds: int
    cells_run: int
    cells_total: int
    seed: int
    threads: int
    hardware: str
    versions: tuple[tuple[str, str], ...]
    level: str
    level_words: str
    # SECURITY: None unless this is a staff view. Code under test chooses how much time
    # and memory it takes, and some checks are never shown.
    checking: CheckingMeasures | None


def measures_of(run: GradingRun, *, sees_checking: bool) -> Measures | None:
    """Return what the notebook used, or None while that is not known.

    What checking used is for staff: `sees_checking`.
    """
    if not run.measures:
        return None
    found: dict[str, Any] = run.measures
    versions = found.get("versions") or {}
    level = run.level or str(found.get("level", ""))
    return Measures(
        seconds=float(found.get("seconds") or 0),
        cpu_seconds=float(found.get("cpu_seconds") or 0),
        peak_memory_bytes=int(found.get("peak_memory_bytes") or 0),
        memory_limit_bytes=run.revision.memory_mb * _MEGABYTE,
        limit_seconds=run.revision.run_seconds,
        cells_run=int(found.get("cells_run") or 0),
        cells_total=int(found.get("cells_total") or 0),
        seed=int(found.get("seed") or 0),
        threads=int(found.get("threads") or 0),
        hardware=str(found.get("hardware") or ""),
        versions=tuple(sorted((str(k), str(v)) for k, v in versions.items())),
        level=level,
        level_words=LEVELS.get(level, ""),
        checking=_checking(found) if sees_checking else None,
    )


def _checking(found: dict[str, Any]) -> CheckingMeasures | None:
    """Return what checking used, or None for a run whose checks were not measured."""
    if not found.get("checking_seconds"):
        return None
    return CheckingMeasures(
        seconds=float(found["checking_seconds"]),
        cpu_seconds=float(found.get("checking_cpu_seconds") or 0),
        peak_memory_bytes=int(found.get("checking_peak_memory_bytes") or 0),
    )
