"""The ends of a graph of torch's between the two processes.

A test may give the notebook a function, and the notebook's code may differentiate through
it: `loss = f(net(x)); loss.backward()`. The tensors that go to such a function, and those
that come from it, are the ends of the notebook's graph and of the test's.
"""

from collections.abc import Collection
from typing import Any

import torch


class GraphEnds:
    """The tensors of one message at which a graph goes on in the other process.

    Without `inputs`, each tensor that wants a gradient is such an end: the arguments of a
    call. With them, only what may have been computed from them: its results.
    """

    def __init__(self, inputs: Collection[torch.Tensor] | None = None) -> None:
        self.tensors: list[Any] = []
        self._inputs = inputs

    def told(self, value: torch.Tensor) -> dict[str, Any]:
        """Return what a node tells of the tensor: its number among the ends, or nothing."""
        is_end = value.requires_grad and (
            self._inputs is None
            or not value.is_leaf
            or any(value is one for one in self._inputs)
        )
        if not is_end:
            return {}
        self.tensors.append(value)
        return {"end": len(self.tensors) - 1}
