"""Parameters that the assignment forces, whatever the notebook assigns to them."""

import ast
from collections.abc import Iterator, Mapping
from typing import TypeGuard

from runner.protocol import Scalar

_Binding = ast.Assign | ast.AnnAssign | ast.AugAssign
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class ForceParameters(ast.NodeTransformer):
    """After each assignment at module level to a parameter, it has the forced value.

    The notebook's own assignment still runs, so that its side effects stay.
    """

    def __init__(self, values: Mapping[str, Scalar]) -> None:
        self.values = dict(values)

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, _SCOPES):
            return node
        for field, value in ast.iter_fields(node):
            if _is_body(value):
                setattr(node, field, list(self._forced(value)))
        return node

    def _forced(self, body: list[ast.AST]) -> Iterator[ast.AST]:
        for statement in body:
            yield self.visit(statement)
            if isinstance(statement, _Binding):
                for name in sorted(_names(statement) & set(self.values)):
                    yield _assignment(name, self.values[name], statement)


def _is_body(value: object) -> TypeGuard[list[ast.AST]]:
    """Say whether the value of a field is a list of statements or of their parts."""
    parts = ast.stmt | ast.excepthandler | ast.match_case
    return isinstance(value, list) and any(isinstance(item, parts) for item in value)


def _names(statement: _Binding) -> set[str]:
    targets = (
        statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    )
    return {
        node.id
        for target in targets
        for node in ast.walk(target)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _assignment(name: str, value: Scalar, near: ast.stmt) -> ast.AST:
    node = ast.Assign(
        targets=[ast.Name(id=name, ctx=ast.Store())], value=ast.Constant(value)
    )
    return ast.fix_missing_locations(ast.copy_location(node, near))
