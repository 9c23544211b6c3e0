"""The refusal of comparisons that broadcast an answer without items against numbers.

numpy and torch broadcast an array without items against any number, and against a side
of length one. The result is empty, so every claim about all of it is true:
`np.allclose([], 3)`. Once the notebook has given such a value, an array without items
is no longer broadcast against one that has items. A selection of the test's own, such
as `out[x < 0]`, is not affected.
"""

import ast
import functools
import math
import operator
from collections.abc import Callable
from typing import Any, Final, TypeVar

import numpy as np
import torch

from runner.inside.grader.handle_parts import is_handle
from runner.inside.grader.name_lookups import after_import

Tree = TypeVar("Tree", bound=ast.AST)

# The name by which the tests' own source finds `apply_operator`.
NAME: Final = "__calculated__"
_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "Sub": operator.sub,
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
}
_ARRAYS: Final = (np.ndarray, torch.Tensor)
_CONTAINERS: Final = (list, tuple, set, frozenset, dict)
_PLAIN: Final = frozenset((int, float, complex, bool, str, bytes, type(None)))
_SIDES: Final = ("a", "b", "a1", "a2", "actual", "desired", "x", "y", "input", "other")
# Functions that do their own comparison; the others call `assert_array_compare`.
_TESTING: Final = ("assert_array_almost_equal_nulp", "assert_approx_equal")
_came: Final[list[bool]] = []


# --- Values that come -----------------------------------------------------------


def note_empty(value: Any) -> Any:
    """Return the value, and note whether it is, or holds, a value without items."""
    if not _came and _has_empty(value):
        _came.append(True)
    return value


def forget() -> None:
    """Forget, before another check, that such a value was given."""
    _came.clear()


def _has_empty(value: Any) -> bool:
    kind = type(value)
    if _has_shape(kind):
        return 0 in value.shape
    if not issubclass(kind, _CONTAINERS):
        return False
    items = value.values() if issubclass(kind, dict) else value
    if not value or set(map(type, items)) <= _PLAIN:
        return not value
    return any(map(_has_empty, items))


def _has_shape(kind: type) -> bool:
    is_of_pandas = kind.__module__.startswith("pandas.") and hasattr(kind, "shape")
    return is_of_pandas or issubclass(kind, _ARRAYS)


# --- Comparisons ------------------------------------------------------------------


def install() -> None:
    """Wrap the functions that compare arrays so that they refuse such comparisons."""
    arrays: Any = np
    for name in ("allclose", "isclose", "array_equiv"):
        setattr(arrays, name, _comparing(getattr(np, name)))
    for owner in (torch, torch.Tensor):
        for name in ("allclose", "isclose"):
            setattr(owner, name, _comparing(getattr(owner, name)))
    for owner, name in (
        *((np, "load"), (np, "loadtxt"), (np, "genfromtxt")),
        (torch, "load"),
    ):
        setattr(owner, name, _noting(getattr(owner, name)))
    after_import("numpy.testing", _change_testing)
    after_import("_pytest.python_api", _change_approx)


def _change_testing(module: Any) -> None:
    inner = module._private.utils  # noqa: SLF001 - what its functions have in common
    compare = inner.assert_array_compare

    @functools.wraps(compare)
    def comparing(comparison: Any, x: Any, y: Any, *others: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        _check(x, y)
        return compare(comparison, x, y, *others, **named)

    inner.assert_array_compare = comparing
    for name in _TESTING:
        setattr(module, name, _comparing(getattr(module, name)))


def _change_approx(module: Any) -> None:
    for kind in (module.ApproxScalar, module.ApproxNumpy):
        kind.__eq__ = _approximately(kind.__eq__)


def _approximately(same: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def equal(self: Any, actual: Any) -> Any:
        found = same(self, actual)
        return found if _fit(actual, self.expected) else False

    return equal


def _comparing(compare: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(compare)
    def comparing(*arguments: Any, **named: Any) -> Any:
        sides = (*arguments, *(named[name] for name in _SIDES if name in named))
        if len(sides) > 1:
            _check(sides[0], sides[1])
        return compare(*arguments, **named)

    return comparing


def _noting(load: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(load)
    def loading(*arguments: Any, **named: Any) -> Any:
        return note_empty(load(*arguments, **named))

    return loading


def _check(one: Any, other: Any) -> None:
    """Raise AssertionError if one side has no items and the other has."""
    if not _fit(one, other):
        shapes = f"{_shape(one)} and {_shape(other)}"
        raise AssertionError(
            f"one side is empty and the other is not (shapes {shapes}), so nothing would "
            "be compared. If this is intended, compare the length or the shape instead"
        )


def _fit(one: Any, other: Any) -> bool:
    """Return whether both sides have items, or neither has."""
    shapes = [_shape(side) for side in (one, other) if _came or is_handle(side)]
    if not _came or len(shapes) != 2 or None in shapes:  # noqa: PLR2004 - two sides
        return True
    return (math.prod(shapes[0] or ()) == 0) is (math.prod(shapes[1] or ()) == 0)


def _shape(side: Any) -> tuple[int, ...] | None:
    """Return the shape of the side as an array, or None if it is not one."""
    if _has_shape(type(side)):
        return tuple(side.shape)
    try:
        shape: tuple[int, ...] = np.shape(side)
    except (TypeError, ValueError, RuntimeError):
        return None
    return shape


# --- Operators --------------------------------------------------------------------


class _OperatorCalls(ast.NodeTransformer):
    """Replace comparisons and subtractions in the tests by calls of `apply_operator`."""

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) > 1:
            return node
        return _call(node, node.ops[0], node.left, node.comparators[0])

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return _call(node, node.op, node.left, node.right)


def _call(node: ast.expr, operation: ast.AST, *sides: ast.expr) -> ast.expr:
    name = type(operation).__name__
    if name not in _OPERATORS or all(isinstance(one, ast.Constant) for one in sides):
        return node
    function = ast.Name(id=NAME, ctx=ast.Load())
    call = ast.Call(func=function, args=[ast.Constant(name), *sides], keywords=[])
    return ast.copy_location(call, node)


def with_checked_operators(tree: Tree) -> Tree:
    """Return the tree, changed so that no operator broadcasts an empty array."""
    _OperatorCalls().visit(tree)
    return ast.fix_missing_locations(tree)


def apply_operator(name: str, one: Any, other: Any) -> Any:
    """Return the operator's result. Raises AssertionError for sides that do not fit.

    A single number beside an array without items is allowed: `(got == 0).all()`.
    """
    if _came and (_is_array(one) or _is_array(other)) and _is_long(one, other):
        _check(one, other)
    return _OPERATORS[name](one, other)


def _is_array(side: Any) -> bool:
    return issubclass(type(side), _ARRAYS)


def _is_long(*sides: Any) -> bool:
    """Return whether each side has a length."""
    return all(
        side.ndim > 0 if _is_array(side) else type(side) in {list, tuple}
        for side in sides
    )
