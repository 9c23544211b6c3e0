"""Checks that the interpreters for notebooks are fit, made without importing torch."""

import importlib.metadata
import re
from collections.abc import Iterator
from typing import Final

from django.conf import settings

from grading.worker.environments import (
    FoundEnvironment,
    ask_interpreter,
    environments_in,
)

# Older releases execute code while they load weights, even with weights_only.
OLDEST_TORCH: Final = (2, 10)
ASK_VERSION: Final = "import importlib.metadata as m; print(m.version('torch'))"


def unfit_environments() -> list[str]:
    """Return a sentence for each unfit environment, which says why no run may start."""
    reasons = []
    for name, interpreter in settings.RUNNER_ENVIRONMENTS.items():
        version = torch_version(interpreter)
        if reason := unfit_reason(version):
            where = interpreter or "Softmark's own interpreter"
            reasons.append(f"environment {name!r} ({where}): {reason}")
    return reasons


def unfit_reason(version: str) -> str:
    """Return why this release of torch must not be used, or "".

    `version` is "" if torch is not installed.
    """
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
    return environments_in(settings.RUNNER_ENVIRONMENTS)


def torch_version(interpreter: str) -> str:
    """Return torch's installed release from its metadata, or "" if there is none."""
    if not interpreter:
        try:
            return importlib.metadata.version("torch")
        except importlib.metadata.PackageNotFoundError:
            return ""
    return ask_interpreter(interpreter, ASK_VERSION)
