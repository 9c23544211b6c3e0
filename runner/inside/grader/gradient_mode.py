"""Whether the student's code computes gradients: as the test that calls it says."""

import torch

from runner.wire.link import Header


def with_mode(question: Header) -> Header:
    """Return the question, with `torch.no_grad()` of the test that asks it."""
    return question if torch.is_grad_enabled() else {**question, "g": False}
