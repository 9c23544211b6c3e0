"""Tensors of a graph whose other part is in the other process.

The stand-in for that part has no edge to the tensors that the other process was given.
torch's engine runs only the nodes that lead to the requested tensors, so it would answer
"no gradient" without ever running the stand-in. A derivative in the grader is therefore
refused by the nodes that its outputs come from, and not by the nodes that the engine runs.

A function that a test gives to the notebook is another matter: the notebook's code may
differentiate through it. The tensors that go to such a function, and come from it, are
the ends of the graph between the two processes.
"""

import contextlib
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NoReturn

import torch
from torch.autograd import forward_ad
from torch.autograd.graph import GradientEdge, get_gradient_edge

from runner.inside.values.nodes import RefusedError

_WORDS: Final = (
    "a tensor that the student's code has computed is sent without its graph, so a test "
    "cannot compute a derivative through it: call backward in a function of the notebook, "
    "and look at the gradients that it leaves, or let a function of the notebook compute "
    "the derivative and return it"
)
_TRANSFORMED: Final = (
    "a tensor within torch.func, vmap or forward-mode differentiation cannot be sent: let "
    "a function of the notebook compute the derivative and return it"
)


class LostGraphError(Exception):
    """Raised when a derivative needs a graph that is in the other process."""


# Functions that are called with the error before it is raised.
on_lost_graph: Final[list[Callable[[LostGraphError], object]]] = []


class _Graph(torch.autograd.Function):
    """A stand-in for the part of a tensor's graph that is in the other process."""

    # Whether this process has made one that refuses: otherwise no graph is searched.
    is_in_use = False

    @staticmethod
    def forward(ctx: Any, _: torch.Tensor, held: list[Any], refuses: Any) -> Any:
        ctx.refuses = refuses
        _Graph.is_in_use |= bool(refuses)
        return held[0]

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        if ctx.refuses:
            refuse()
        return None, None, None


class _Joined(torch.autograd.Function):
    """A tensor that the other process has computed from tensors of this one."""

    @staticmethod
    def forward(ctx: Any, held: list[Any], derive: Any, *_: torch.Tensor) -> Any:
        ctx.derive = derive
        return held[0]

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return None, None, *ctx.derive(*gradients)


_STAND_IN: Final[Any] = _Graph._backward_cls  # noqa: SLF001 - torch names it so


def _next_functions(node: Any) -> object:
    """Return torch's own answer, or refuse if the following nodes are not here."""
    if node.refuses:
        refuse()
    return _PLAIN.__get__(node)


_PLAIN: Final[Any] = _STAND_IN.next_functions
# A test may itself search the graph for a tensor.
_STAND_IN.next_functions = property(_next_functions)


# The longest name of an operation, and how many kinds of stand-ins there are.
_NAME: Final = 100
_MOST: Final = 1000
_named: Final[dict[str, Any]] = {}


def with_lost_graph(tensor: torch.Tensor, refuses: object, name: str = "") -> Any:
    """Return the tensor as the result of a computation on others that want gradients.

    `name` is that of the last operation, such as "MulBackward0", which torch shows.
    """
    with torch.enable_grad():
        start = torch.zeros((), requires_grad=True)
        # `data` is not a view, so the test may change the tensor in place.
        return _graph_named(name).apply(start, [tensor.data], refuses)


def _graph_named(name: str) -> Any:
    """Return the kind of stand-in whose node in a graph has this name."""
    if not name.isidentifier() or len(name) > _NAME:
        return _Graph
    if name not in _named:
        if len(_named) >= _MOST:
            _named.clear()
        kind: Any = type(_Graph.__name__, (_Graph,), {})
        kind._backward_cls = type(name, (_STAND_IN,), {"_forward_cls": kind})  # noqa: SLF001 - torch names it so
        _named[name] = kind
    return _named[name]


def joined(
    tensor: torch.Tensor,
    derive: Callable[[torch.Tensor], Sequence[torch.Tensor | None]],
    inputs: Sequence[torch.Tensor],
) -> Any:
    """Return the tensor as computed from the inputs.

    `derive` gives their gradients for the tensor's own.
    """
    return _Joined.apply([tensor.data], derive, *inputs)  # type: ignore[no-untyped-call]


class _Complete(threading.local):
    is_on = False


_complete: Final = _Complete()


def refuse() -> NoReturn:
    """Raise LostGraphError, after calling all functions in `on_lost_graph`."""
    error = LostGraphError(_WORDS)
    for call in on_lost_graph:
        call(error)
    raise error


def check_derivative(outputs: Iterable[Any], inputs: Iterable[Any]) -> None:
    """Refuse derivatives of the outputs that may need a graph that is not here.

    No inputs means all leaves, as for `backward`. A derivative with respect to a
    received tensor itself is complete: nothing before that tensor matters for it.
    """
    if _complete.is_on or not _Graph.is_in_use:
        return
    edges = [_edge_of(one) for one in outputs]
    if not _is_lost(edges, ()):
        return
    asked = [_edge_of(one) for one in inputs]
    if not asked or any(_is_lost(edges, (edge,)) for edge in asked):
        refuse()


@contextlib.contextmanager
def derivative_by_all(output: Any, ends: Iterable[Any]) -> Iterator[None]:
    """Let a derivative by all these ends together be computed inside.

    Refuse it if anything but they leads to a graph that is not here.
    """
    if _Graph.is_in_use and _is_lost(
        [_edge_of(output)], [_edge_of(one) for one in ends]
    ):
        refuse()
    before, _complete.is_on = _complete.is_on, True
    try:
        yield
    finally:
        _complete.is_on = before


_Edge = tuple[Any, int]


def _edge_of(tensor: Any) -> _Edge | None:
    """Return the place of a tensor in its graph, or None if it has none."""
    if not isinstance(tensor, GradientEdge):
        if not tensor.requires_grad:
            return None
        tensor = get_gradient_edge(tensor)
    return tensor.node, tensor.output_nr


def _is_lost(edges: Iterable[_Edge | None], ends: Collection[_Edge | None]) -> bool:
    """Return whether a path leads from the edges to a stand-in without passing an end.

    Each edge is followed once.
    """
    return any(
        isinstance(node, _STAND_IN) and node.refuses for node in _nodes(edges, ends)
    )


def _nodes(
    edges: Iterable[_Edge | None], ends: Collection[_Edge | None]
) -> Iterator[Any]:
    """Yield the nodes that the edges lead to, each once."""
    left = [edge for edge in edges if edge is not None and edge not in ends]
    met: set[Any] = set()
    while left:
        node, _ = left.pop()
        if node is None or node in met:
            continue
        met.add(node)
        yield node
        if not isinstance(node, _STAND_IN):
            left += [edge for edge in node.next_functions if edge not in ends]


def check_plain(tensor: torch.Tensor) -> None:
    """Raise RefusedError for a tensor that wraps others, or has a tangent."""
    is_wrapped = torch._C._functorch.is_functorch_wrapped_tensor  # noqa: SLF001 - same
    unpack: Any = forward_ad.unpack_dual
    if is_wrapped(tensor) or unpack(tensor).tangent is not None:
        raise RefusedError(_TRANSFORMED)
