"""Whether the interpreters that run notebooks are fit for it, read without torch."""

import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from django.conf import settings

from grading.environments import FoundEnvironment

# Older releases execute code while they load weights, even with weights_only.
OLDEST_TORCH: Final = (2, 10)
ASK_VERSION: Final = "import importlib.metadata as m; print(m.version('torch'))"
# Of a package that is there twice, the one that Python imports comes first.
ASK_ALL: Final = (
    "import importlib.metadata as m, json, platform\n"
    "found = {}\n"
    "for one in m.distributions():\n"
    "    found.setdefault(one.metadata['Name'], one.version)\n"
    "print(json.dumps([platform.python_version(), found]))"
)
ASK_SECONDS: Final = 20


def unfit_environments() -> list[str]:
    """Return why runs must not start, in words, one for each unfit environment."""
    reasons = []
    for name, interpreter in settings.RUNNER_ENVIRONMENTS.items():
        version = torch_version(interpreter)
        if reason := unfitness(version):
            where = interpreter or "Softmark's own interpreter"
            reasons.append(f"environment {name!r} ({where}): {reason}")
    return reasons


def unfitness(version: str) -> str:
    """Return why this release of torch ("" for none) must not be used, or ""."""
    if not version:
        return "torch is not installed; pip install -r requirements/torch.txt."
    found = re.match(r"(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_TORCH:
        oldest = ".".join(map(str, OLDEST_TORCH))
        return (
            f"torch {version} is refused: releases before {oldest} are known to run "
            "code that a weights file brings."
        )
    return ""


def found_environments() -> Iterator[FoundEnvironment]:
    """Yield what is installed in each interpreter that answers."""
    for name, interpreter in settings.RUNNER_ENVIRONMENTS.items():
        try:
            python, packages = json.loads(_ask(interpreter or sys.executable, ASK_ALL))
        except ValueError:
            continue
        names = sorted((str(key) for key in packages), key=str.lower)
        yield FoundEnvironment(
            name=name, python=python, packages={key: packages[key] for key in names}
        )


def torch_version(interpreter: str) -> str:
    """Return the installed release, read from its metadata; "" where there is none."""
    if not interpreter:
        try:
            return importlib.metadata.version("torch")
        except importlib.metadata.PackageNotFoundError:
            return ""
    return _ask(interpreter, ASK_VERSION)


def _ask(interpreter: str, code: str) -> str:
    """Return what the code prints there; "" where it cannot be run."""
    try:
        told = subprocess.run(  # noqa: S603  (the operator names the interpreter)
            [interpreter, "-I", "-c", code],
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip()
