"""Derivatives that a test requests from torch, by any of torch's functions.

`backward`, `autograd.grad`, `autograd.functional`, `torch.func` and `gradcheck` all use
one engine. That engine refuses a derivative through the student's code.
"""

from collections.abc import Sequence
from typing import Any, Final

import torch

from runner.inside.values.graphs import check_derivative

# The index of the inputs: after outputs, gradients and two switches.
_INPUTS_AT: Final = 3


_VARIABLE: Final[Any] = torch.autograd.Variable
_Plain: Final[Any] = type(_VARIABLE._execution_engine)  # noqa: SLF001 - torch names it so


class _Engine(_Plain):
    """torch's engine, with a check before each derivative."""

    def run_backward(
        self, outputs: Sequence[Any], *arguments: Any, **named: Any
    ) -> Any:
        given = arguments[_INPUTS_AT] if len(arguments) > _INPUTS_AT else ()
        check_derivative(outputs, named.get("inputs", given))
        return super().run_backward(outputs, *arguments, **named)


def install() -> None:
    """Make torch differentiate with the checking engine in this process."""
    _VARIABLE._execution_engine = _Engine()  # noqa: SLF001 - same
