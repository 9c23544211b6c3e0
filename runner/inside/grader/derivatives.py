"""Derivatives that a test asks torch for, by whatever function of torch's.

`backward`, `autograd.grad`, `autograd.functional`, `torch.func` and `gradcheck` all come
to one engine. There a derivative through the student's code is refused.
"""

from collections.abc import Sequence
from typing import Any, Final

import torch

from runner.inside.values.graphs import check_derivative

# Of the engine's positional arguments: outputs, gradients, two switches, inputs.
_INPUTS_AT: Final = 3


_VARIABLE: Final[Any] = torch.autograd.Variable
_Plain: Final[Any] = type(_VARIABLE._execution_engine)  # noqa: SLF001 - torch names it so


class _Engine(_Plain):
    """torch's engine, which first looks at what it is asked for."""

    def run_backward(
        self, outputs: Sequence[Any], *arguments: Any, **named: Any
    ) -> Any:
        given = arguments[_INPUTS_AT] if len(arguments) > _INPUTS_AT else ()
        check_derivative(outputs, named.get("inputs", given))
        return super().run_backward(outputs, *arguments, **named)


def take_over() -> None:
    """Let the tests of this process differentiate by an engine that looks first."""
    _VARIABLE._execution_engine = _Engine()  # noqa: SLF001 - same
