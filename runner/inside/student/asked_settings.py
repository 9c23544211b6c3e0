"""The settings of a test that hold while the notebook's code answers it."""

import contextlib
import decimal
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from runner.wire.link import Header


def settings_of(question: Header) -> Iterator[contextlib.AbstractContextManager[Any]]:
    """Yield what makes the settings that the question names, and then unmakes them.

    What they are is in `runner/inside/grader/call_settings.py`.
    """
    if question.get("g") is False:
        yield torch.no_grad()
    if "np" in question:
        yield np.errstate(**question["np"])
    if "decimal" in question:
        yield decimal.localcontext(**question["decimal"])
    if "cast" in question:
        yield torch.autocast("cpu", dtype=getattr(torch, question["cast"]))
    if "anomaly" in question:
        yield _anomalies(check_nan=question["anomaly"])


@contextlib.contextmanager
def _anomalies(*, check_nan: bool) -> Iterator[None]:
    """Detect anomalies, without torch's warning that this is slow: the test has it."""
    before = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()
    torch.set_anomaly_enabled(enabled=True, check_nan=check_nan)
    try:
        yield
    finally:
        torch.set_anomaly_enabled(*before)
