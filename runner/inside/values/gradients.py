"""The `grad` of a tensor: what it is, and whether it may go to the student's code.

A gradient that a test's own `backward` leaves in a tensor is often what the test
expects, so it is not an operand. A gradient is an operand if the test has assigned it,
or if it came from the student's code. Once it is changed in place, it no longer is one.
"""

import warnings
from typing import Any, Final

import torch
from torch.utils.weak import WeakTensorKeyDictionary

from runner.inside.values.nodes import CodecError, RefusedError

_WORDS: Final = (
    "the `grad` of this tensor was left by `backward`. It may be the answer that the test "
    "expects, so it is not sent to the student's code. To send it, write `w.grad = "
    "w.grad.clone()` before the call. Otherwise write `w.grad = None` or "
    "`net.zero_grad()`, or give `w.detach()`"
)
# The gradients that are operands, with their versions: torch counts in-place changes.
_OPERANDS: Final[Any] = WeakTensorKeyDictionary()


def gradient_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """Return the tensor's gradient, whether it is a leaf or not.

    Raises RefusedError for a gradient that torch would not accept on the other side.
    """
    # A subclass of the notebook's own must not answer for the tensor.
    with torch._C.DisableTorchFunctionSubclass():  # noqa: SLF001 - torch names it so
        if tensor.is_leaf or tensor.retains_grad:
            gradient = tensor.grad
        else:
            with warnings.catch_warnings():  # torch warns that there is none
                warnings.simplefilter("ignore")
                gradient = tensor.grad
        if gradient is not None and (
            gradient.dtype != tensor.dtype or gradient.shape != tensor.shape
        ):
            raise RefusedError(
                f"a tensor of {tensor.dtype} whose gradient has another dtype or shape "
                f"({gradient.dtype}) cannot be sent"
            )
        return gradient


def take_for_operand(gradient: torch.Tensor) -> None:
    """Let the gradient go to the student's code until it is changed."""
    if not gradient.is_inference():
        _OPERANDS[gradient] = gradient._version  # noqa: SLF001 - torch names it so


def check_operand(gradient: torch.Tensor) -> None:
    """Raise CodecError unless the gradient may go to the student's code."""
    version = _OPERANDS.get(gradient)
    if version is None or version != gradient._version:  # noqa: SLF001 - same
        raise CodecError(_WORDS)
