"""Stand-ins: what a test may put in the place of one of the notebook's names.

A stand-in tells the notebook nothing: it has no text, no value and no object of the
test's. It is an object of the notebook's own, or something that raises an error or
returns None; a mock also records the arguments of each call.
"""

import ast
import builtins
import linecache
import types
from dataclasses import dataclass
from typing import Any, Final
from unittest import mock

from runner.inside.grader.handles import Handle, is_handle

_MOCKS: Final = (mock.Mock, mock.MagicMock)


class StandInError(TypeError):
    """Raised when a test replaces a name by something that may not reach the notebook."""


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """The snapshot's instruction: to use an object that it has, or to make a stub.

    The stub raises the built-in exception with the name `raises`, or returns None. It
    first reports its arguments if `records`.
    """

    handle: Handle | None = None
    raises: str = ""
    records: bool = False


def stand_in_for(value: object) -> StandIn | None:
    """Return the stand-in for this value of a test's, or None if it may have none."""
    if is_handle(value):
        return StandIn(handle=value)
    if type(value).__base__ in _MOCKS:  # each mock has its own subclass
        return _of_mock(value)
    if type(value) is types.FunctionType:
        return _of_function(value)
    return None


def _of_mock(value: Any) -> StandIn | None:
    """Return the stand-in for a mock without a return value of its own, or None."""
    effect = value.side_effect
    raises = _exception_name(effect)
    # No public attribute shows it. A mock that was called has made its own return value.
    answer = value._mock_return_value  # noqa: SLF001 - see above
    is_plain = (
        value._mock_wraps is None  # noqa: SLF001 - same
        and value._mock_delegate is None  # noqa: SLF001 - same
        and (answer is mock.DEFAULT or isinstance(answer, mock.NonCallableMock))
    )
    if not is_plain or (effect is not None and not raises):
        return None
    return StandIn(raises=raises, records=True)


def _exception_name(value: object) -> str:
    """Return the name of a built-in exception class, or of a bare instance, or ""."""
    kind: type = value if isinstance(value, type) else type(value)
    name = kind.__name__
    is_known = issubclass(kind, Exception) and getattr(builtins, name, None) is kind
    return name if is_known else ""


def _of_function(function: types.FunctionType) -> StandIn | None:
    """Return the stand-in for a function that only raises, or does nothing, or None."""
    node = _definition(function)
    if node is None or node.decorator_list:
        return None
    body = [one for one in node.body if not _is_constant(one)]
    match body:
        case [] | [ast.Pass()] | [ast.Return(value=None)]:
            return StandIn()
        case [ast.Return(value=ast.Constant(value=None))]:
            return StandIn()
        case [ast.Raise(exc=ast.Name(id=name), cause=None)]:
            return _raising(function, name)
        case [ast.Raise(exc=ast.Call(func=ast.Name(id=name)), cause=None)]:
            return _raising(function, name)
    return None


def _raising(function: types.FunctionType, name: str) -> StandIn | None:
    found = getattr(builtins, name, None)
    is_builtin = isinstance(found, type) and issubclass(found, Exception)
    if not is_builtin or dict.__contains__(function.__globals__, name):
        return None
    return StandIn(raises=name)


def _is_constant(node: ast.stmt) -> bool:
    """Return whether the statement is a docstring or `...`."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _definition(function: types.FunctionType) -> ast.FunctionDef | None:
    """Return the statement of the test's source that defines the function, or None."""
    code = function.__code__
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    return None
