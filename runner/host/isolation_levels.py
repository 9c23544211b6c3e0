"""The isolation that this host can give a job, found by building a jail as a trial."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runner.jail.cgroups import Hierarchy, find_hierarchy

_SECONDS: Final = 30
_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_TRIAL: Final = """
import sys
sys.path.insert(0, sys.argv[1])
from runner.jail.trial import main
main()
"""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """The isolation that a job has on this host.

    `missing` says why there can be no jail, and is "" if there can be one. `landlock`
    is the version of Landlock that the kernel enforces.
    """

    is_jailed: bool = False
    is_cold: bool = False
    missing: str = ""
    landlock: int = 0
    hierarchy: Hierarchy | None = None

    @property
    def level(self) -> str:
        """Return L0 for no jail, L1 for a jail, L2 with a control group, L3 if also cold."""
        if not self.is_jailed:
            return "L0"
        if self.hierarchy is None:
            return "L1"
        return "L3" if self.is_cold else "L2"


def probe() -> Capabilities:
    """Return what this host can do, found by building a jail and testing it from inside."""
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-S", "-c", _TRIAL, str(_ROOT)],
            capture_output=True,
            env={"PATH": "/usr/bin:/bin"},
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Capabilities(
            missing=f"the trial jail did not end within {_SECONDS} seconds"
        )
    words = done.stderr.decode(errors="replace").strip().splitlines()
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return Capabilities(
            missing=words[-1] if words else "the trial jail ended without a report"
        )
    return Capabilities(
        is_jailed=not found["missing"],
        missing=found["missing"],
        landlock=found["landlock"],
        hierarchy=find_hierarchy(),
    )


def advice(found: Capabilities) -> list[str]:
    """Return sentences for the operator of the host that say what would raise the level."""
    words = []
    if not found.is_jailed:
        words.append("L1 needs RUNNER_BACKEND=namespaces or bwrap.")
    if found.hierarchy is None:
        words.append(
            "L2 needs a control group in which the worker may make groups: start the "
            "worker as root, or by systemd with Delegate=yes."
        )
    if not found.is_cold:
        words.append(
            "L3 needs RUNNER_BACKEND=bwrap with bubblewrap installed. Every run then "
            "takes some seconds longer to start."
        )
    return words
