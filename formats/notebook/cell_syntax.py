"""Parse the text of a cell as Python, within bounds.

Anybody who hands in a notebook chooses its text, and it is read while others wait for a
page. SECURITY: so no text is parsed that is longer than a cell that people write, and
text is split into lines in time that grows with its length alone. CPython takes 2.5
seconds for a megabyte of numbers, and a time that grows with the square of the length
for f-strings.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from runner.protocol import parsing

# The longest cell that is parsed, and the most text of one notebook, in characters.
MAX_CELL: Final = 20_000
MAX_PARSED: Final = 200_000


class TooComplexError(ValueError):
    """The text is too long or too deep to be parsed. It may still be valid Python."""


def parse(source: str) -> ast.Module:
    """Return the syntax tree of a cell; raise SyntaxError or TooComplexError."""
    if len(source) > MAX_CELL:
        raise TooComplexError
    try:
        return parsing.parse(source)
    except SyntaxError:
        raise
    except (ValueError, RecursionError, MemoryError) as error:
        raise TooComplexError from error


class Budget:
    """The characters of one notebook that may still be parsed."""

    def __init__(self, characters: int = MAX_PARSED) -> None:
        self._left = characters

    def covers(self, source: str) -> bool:
        """Return whether the cell may be parsed; if so, subtract it from the budget."""
        if len(source) > min(MAX_CELL, self._left):
            return False
        self._left -= len(source)
        return True


# Nodes with a body and a name of their own.
SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# These are half of the nodes of most code. Their only children say how a name is used.
_LEAVES: Final = (ast.Name, ast.Constant, ast.expr_context)


def parts_of(node: ast.AST) -> Iterable[ast.AST]:
    """Return the node's children, except those that say how a name is used.

    It is ast.iter_child_nodes in half the time: notebooks are read while people wait.
    """
    if isinstance(node, _LEAVES):
        return ()
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            found.append(value)
        elif isinstance(value, list):
            found += [each for each in value if isinstance(each, ast.AST)]
    return found


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the node and all nodes inside it, in any order, without name usage."""
    left = [tree]
    while left:
        node = left.pop()
        yield node
        left += parts_of(node)


def nodes_outside_functions(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes and all nodes inside them, except those inside a function."""
    left = list(nodes)
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            left += ast.iter_child_nodes(node)


def parameters_with_defaults(
    arguments: ast.arguments,
) -> Iterator[tuple[str, ast.expr]]:
    """Yield the name and the default of each parameter that has a default."""
    named = [*arguments.posonlyargs, *arguments.args]
    last = named[len(named) - len(arguments.defaults) :]
    for parameter, default in zip(last, arguments.defaults, strict=True):
        yield parameter.arg, default
    for parameter, given in zip(
        arguments.kwonlyargs, arguments.kw_defaults, strict=True
    ):
        if given is not None:
            yield parameter.arg, given


def last_name(node: ast.expr) -> str:
    """Return `open` for `open`, `io.open` and `Path("x").open`; "" without a name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
