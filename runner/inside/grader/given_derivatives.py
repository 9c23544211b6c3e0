"""Derivatives of a test's functions, for the notebook's code to which they were given.

Such a function tells what it computes for any arguments, and so its derivatives. They are
those by the call's own arguments alone.
"""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.autograd.graph import GradientEdge, get_gradient_edge

from runner.inside.grader.given_functions import ExpiredCallbackError
from runner.inside.values.graphs import derivative_by_all

# So many calls are kept of which the notebook's code has not forgotten the results.
_MOST: Final = 10_000
_EXPIRED: Final = (
    "the notebook's code has asked for a derivative of a function of the test's after the "
    "call that it was passed to had ended: let one function of the notebook take it and "
    "do all that should differentiate it"
)


@dataclass(frozen=True)
class _Computed:
    inputs: Mapping[int, GradientEdge]
    results: Sequence[torch.Tensor]


class GivenDerivatives:
    """What the functions have computed for calls that still run."""

    def __init__(self) -> None:
        self._count = itertools.count()
        self._kept: dict[int, _Computed] = {}

    def clear(self) -> None:
        """Forget everything, once no function is alive any more."""
        self._kept.clear()

    def forget(self, numbers: object) -> None:
        """Forget what the notebook's code has forgotten."""
        for number in numbers if isinstance(numbers, list) else ():
            if type(number) is int:
                self._kept.pop(number, None)

    def keep(
        self, inputs: Mapping[int, GradientEdge], results: Sequence[torch.Tensor]
    ) -> dict[str, int]:
        """Return the part of an answer that numbers what was computed, or nothing."""
        if not results:
            return {}
        number = next(self._count)
        self._kept[number] = _Computed(inputs, results)
        if len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
        return {"graph": number}

    def derive(
        self,
        what: object,
        gradients: Collection[Any],
        ends: Mapping[int, Any],
        *,
        again: bool,
    ) -> tuple[list[tuple[int, torch.Tensor]], dict[int, GradientEdge]]:
        """Return the gradients of a call's inputs by number, and what they come from.

        `gradients` holds the one of the result that `what` names. With `again`, what is
        returned can be differentiated by the inputs and by the `ends` of this message.
        Raises ExpiredCallbackError.
        """
        match what:
            case [int() as number, int() as end] if number in self._kept:
                computed = self._kept[number]
            case _:
                raise ExpiredCallbackError(_EXPIRED)
        result, inputs = computed.results[end], list(computed.inputs.values())
        with derivative_by_all(result, inputs), torch.enable_grad():
            found: Sequence[Any] = torch.autograd.grad(
                [result],
                inputs,
                list(gradients),
                retain_graph=True,
                create_graph=again,
                allow_unused=True,
            )
        pairs = [
            (number, one)
            for number, one in zip(computed.inputs, found, strict=True)
            if one is not None
        ]
        count = len(computed.inputs)
        more = {count + number: edge for number, edge in edges_of(ends).items()}
        return pairs, {**computed.inputs, **more} if again else {}


def edges_of(ends: Mapping[int, Any]) -> dict[int, GradientEdge]:
    """Return the places of these tensors in their graphs, before a function changes them."""
    return {number: get_gradient_edge(one) for number, one in ends.items()}
