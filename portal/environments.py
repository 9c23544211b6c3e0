"""Whether the interpreters that run notebooks are fit for it, read without torch."""

import importlib.metadata
import re
import subprocess
from typing import Final

from django.conf import settings

# Older releases execute code while they load weights, even with weights_only.
OLDEST_TORCH: Final = (2, 10)
ASK_VERSION: Final = "import importlib.metadata as m; print(m.version('torch'))"
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


def torch_version(interpreter: str) -> str:
    """Return the installed release, read from its metadata; "" where there is none."""
    if not interpreter:
        try:
            return importlib.metadata.version("torch")
        except importlib.metadata.PackageNotFoundError:
            return ""
    try:
        told = subprocess.run(  # noqa: S603  (the operator names the interpreter)
            [interpreter, "-I", "-c", ASK_VERSION],
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip()
