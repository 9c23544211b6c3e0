"""Gradients that a test assigns: `w.grad = g`. They are sent with the tensor."""

import sys
from typing import Any, Final

import torch

from runner.inside.grader.callers import CALLERS
from runner.inside.values.gradients import take_for_operand

_PLAIN: Final[Any] = torch._C.TensorBase.grad  # noqa: SLF001 - torch names it so


def _assign(tensor: torch.Tensor, gradient: Any) -> None:
    """Assign as torch does, and note a gradient that the test's own text has assigned.

    SECURITY: torch itself also assigns gradients left by `backward`: when a network
    changes its dtype, or is copied.
    """
    _PLAIN.__set__(tensor, gradient)
    if gradient is not None and CALLERS.is_test(sys._getframe(1)):  # noqa: SLF001
        take_for_operand(gradient)


def install() -> None:
    """Watch from now on the gradients that tests of this process assign."""
    tensor: Any = torch.Tensor
    tensor.grad = property(_PLAIN.__get__, _assign, _PLAIN.__delete__)
