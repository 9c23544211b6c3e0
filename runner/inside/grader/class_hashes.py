"""`hash(x)` where a test writes it: the number that the student's class gives.

Python also hashes the objects in sets and dictionaries. There different objects get
different numbers, since they are not compared here (see `handle_hashes`). The tests'
source is compiled here, so that `hash` and `x.__hash__()` in it go through `asking`.
"""

import ast
import builtins
from typing import Any, Final, TypeVar

from runner.inside.grader.handle_hashes import own_hash_of
from runner.inside.grader.handle_parts import is_handle

Tree = TypeVar("Tree", bound=ast.AST)

# The name by which the tests' own source finds `asking`.
NAME: Final = "__hash_asking__"
_METHOD: Final = "__hash__"


class _AsksTheClass(ast.NodeTransformer):
    """Replace `hash` by `asking(hash)`, and `x.__hash__()` by `asking(x, "__hash__")()`."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id != "hash" or not isinstance(node.ctx, ast.Load):
            return node
        return _call(node, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr="__hash__"), args=[]):
                node.func = _call(node.func, value, ast.Constant(_METHOD))
        return node


def _call(node: ast.expr, *arguments: ast.expr) -> ast.expr:
    function = ast.Name(id=NAME, ctx=ast.Load())
    call = ast.Call(func=function, args=list(arguments), keywords=[])
    return ast.copy_location(call, node)


def with_class_hashes(tree: Tree) -> Tree:
    """Return the tree, changed so that a hash is asked for as the class gives it."""
    _AsksTheClass().visit(tree)
    return ast.fix_missing_locations(tree)


def hash_as_class_gives_it(value: Any, method: str = "") -> Any:
    """Return what the test has named: `hash`, or the method `__hash__` of a value.

    If that is Python's own `hash`, or the method of an object of the student's, return
    a function that asks the object's class.
    """
    if not method:
        return _hash if value is builtins.hash else value
    if is_handle(value):
        return lambda: own_hash_of(value)
    return getattr(value, method)


def _hash(value: object, /) -> int:
    return own_hash_of(value) if is_handle(value) else hash(value)
