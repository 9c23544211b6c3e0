"""Values of the notebook's own classes, on their way back to the notebook.

A value that a test has made, and not changed since, is the object that the notebook has
made. Any other is a value of its class.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runner.inside.grader.handle_parts import is_handle, number_of
from runner.inside.grader.received_values import decode
from runner.inside.values import own_classes
from runner.inside.values.prints import are_same, print_of
from runner.wire.link import Buffer


class _Made(own_classes.Behind):
    """The object behind a value, and the print that the value had when it came."""

    def __init__(self, value: Any, handle: object) -> None:
        super().__init__(handle)
        self._came = print_of(value)

    def given(self, value: Any) -> object:
        """Return the object, or None if the test has changed the value."""
        now = print_of(value)
        if self._came is None or now is None:  # such as objects in a named tuple
            return self.asked if isinstance(value, tuple) else None
        return self.asked if are_same(self._came, now) else None


def made(
    node: Mapping[str, Any],
    buffers: Sequence[Buffer],
    resolve: Callable[[Mapping[str, Any], str], object],
) -> Any:
    """Return the value of a node, behind which there is the object that a test has made.

    `resolve` gives the value of a node that is not data, for an operation.
    """
    value = decode(node["v"], list(buffers), lambda inner: resolve(inner, ""))
    handle = resolve(node.get("o", {}), "make")
    return own_classes.bind(value, _Made(value, handle)) if is_handle(handle) else value


def with_class(node: Any, value: Any) -> Any:
    """Return the node by which the value goes back as the object or value that it is."""
    numbers = own_classes.numbers_of(type(value))
    if not numbers or node is None:
        return node
    whole = node if type(node) is dict else {"k": "plain", "v": node}
    held = own_classes.behind(value)
    handle = held.given(value) if isinstance(held, _Made) else None
    if handle is not None:
        return {**whole, "mine": number_of(handle)}  # type: ignore[arg-type]  # a handle
    return {**whole, "class": numbers[0]}


own_classes.compare_classes_by(
    lambda number, other: is_handle(other) and number_of(other) == number
)
