"""Copies of syntax trees."""

import ast
from typing import TypeVar

NodeT = TypeVar("NodeT", bound=ast.AST)


def tree_copy(node: NodeT) -> NodeT:
    """Return a copy of the node with all that is below it.

    `copy.deepcopy` follows every attribute. Libraries that show errors (executing,
    asttokens) link each node to the one above it, also `ast.Load()`, of which Python has
    only one: a copy of any expression would then copy some other whole program.
    """
    fields = {name: _copied(value) for name, value in ast.iter_fields(node)}
    return ast.copy_location(type(node)(**fields), node)


def _copied(value: object) -> object:
    if isinstance(value, ast.AST):
        return tree_copy(value)
    if isinstance(value, list):
        return [_copied(one) for one in value]
    return value
