"""Find tests that expect exceptions which no test can catch from the notebook's code.

KeyboardInterrupt and similar classes have a special meaning for Python. If the
student's code raises one, it does not arrive in the test as an exception of that class.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Final

from formats.assignment.unpickling import Finding
from formats.importing.statements import dotted

_CLASSES: Final = frozenset(("KeyboardInterrupt", "SystemExit", "GeneratorExit"))


def find_interrupts(
    tree: ast.Module, reaches: Callable[[ast.AST], bool]
) -> Iterator[Finding]:
    """Yield a note for each such class that a test expects around the notebook's code."""
    for node in ast.walk(tree):
        for expected, body in _expectations(node):
            name = _interrupt_in(expected)
            if name and any(map(reaches, body)) and not _raises(body):
                yield Finding(
                    message=f"A test cannot catch a {name} that the notebook's code "
                    "raises: this class has a special meaning for Python.",
                    line=expected.lineno,
                    hint="Let a function of the notebook catch it and return what the test "
                    "should see, or expect an exception of another class.",
                    is_certain=False,
                )


def _expectations(node: ast.AST) -> Iterator[tuple[ast.expr, list[ast.stmt]]]:
    """Yield the exceptions that the node expects, with the code that should raise them."""
    match node:
        case ast.Try(body=body, handlers=handlers):
            yield from ((one.type, body) for one in handlers if one.type is not None)
        case ast.With(items=items, body=body):
            calls = (one.context_expr for one in items)
            yield from ((one, body) for one in calls if _expects(one))
        case ast.Call(args=[expected, _, *_]) if _expects(node):
            yield expected, [ast.Expr(node)]


def _expects(node: ast.expr) -> bool:
    """Return whether the call is one of `pytest.raises` or `assertRaises`."""
    return isinstance(node, ast.Call) and dotted(node.func).endswith(
        ("raises", "assertRaises", "assertRaisesRegex")
    )


def _raises(body: list[ast.stmt]) -> bool:
    """Return whether the code raises an error itself, which the test can catch."""
    nodes = (each for one in body for each in ast.walk(one))
    return any(isinstance(each, ast.Raise) for each in nodes)


def _interrupt_in(expected: ast.expr) -> str:
    """Return the name of such a class in the expression, or ""."""
    parts = expected.args[:1] if isinstance(expected, ast.Call) else [expected]
    names = (
        each.id
        for part in parts
        for each in ast.walk(part)
        if isinstance(each, ast.Name)
    )
    return next((name for name in names if name in _CLASSES), "")
