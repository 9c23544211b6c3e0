"""The gradient mode of the student's code: that of the test which calls it."""

import torch

from runner.wire.link import Header


def with_mode(question: Header) -> Header:
    """Return the question, marked if the asking test runs under `torch.no_grad()`."""
    return question if torch.is_grad_enabled() else {**question, "g": False}
