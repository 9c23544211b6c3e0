"""The machine and the versions with which figures were measured."""

import os
import platform
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runner.protocol.jobs import JobResult
from runner.system.processor import processor_name

_PEERS: Final = ("nbclient", "ipykernel", "nbgrader", "otter-grader", "torch")
_VERSIONS: Final = """
import sys
from importlib.metadata import version
print(sys.version.split()[0])
for name in sys.argv[1:]:
    print(name, version(name))
"""


def facts() -> dict[str, str]:
    """Return the facts on which any figure depends, as pairs of words."""
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "processor": f"{processor_name()}, {len(os.sched_getaffinity(0))} of {os.cpu_count()} cores used",
        "kernel": f"{platform.system()} {platform.release()}",
    }


def describe(result: JobResult, peers: Path) -> dict[str, str]:
    """Return the facts on which the runner's figures depend.

    `result` may be the result of any run.
    """
    return {
        **facts(),
        "isolation level": result.measures.level,
        "ours": _listed(result.measures.versions),
        "peers": _peer_versions(peers),
    }


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _peer_versions(peers: Path) -> str:
    printed = subprocess.run(
        [str(peers), "-c", _VERSIONS, *_PEERS],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    python, *packages = printed.splitlines()
    return ", ".join([f"python {python}", *packages])


def load() -> str:
    """Return the load averages, which show whether others used the machine."""
    return ", ".join(f"{one:.1f}" for one in os.getloadavg())
