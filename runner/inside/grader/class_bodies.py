"""Names in class bodies, looked up like the names in all other code of a test.

Python reads the names of a module through `__missing__` of its dictionary, which asks
the notebook, everywhere but in the body of a class. There it reads the dictionary
directly, and would not find `double` in `class Case: two = double(1)`. A name that is
declared `global` is read as in a function.
"""

import ast
from collections.abc import Iterator
from typing import TypeVar

Tree = TypeVar("Tree", bound=ast.AST)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def with_global_names(tree: Tree) -> Tree:
    """Return the tree, with its classes changed so that their bodies find all names."""
    for kind in _classes(tree):
        read = {node.id for node in _nodes(kind) if isinstance(node, ast.Name)}
        names = sorted(name for name in read - _bound(kind) if name[:2] != "__")
        if names:
            place = 1 if ast.get_docstring(kind, clean=False) is not None else 0
            kind.body.insert(place, ast.Global(names=names))
    return ast.fix_missing_locations(tree)


def _classes(node: ast.AST) -> Iterator[ast.ClassDef]:
    """Yield the classes of a module that are not inside a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            continue
        if isinstance(child, ast.ClassDef):
            yield child
        yield from _classes(child)


def _nodes(kind: ast.ClassDef) -> Iterator[ast.AST]:
    """Yield every node in the body of the class, at any depth."""
    for statement in kind.body:
        yield from ast.walk(statement)


def _bound(kind: ast.ClassDef) -> set[str]:
    """Return all names that are bound anywhere in the class."""
    found: set[str] = set()
    for node in _nodes(kind):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.add(name)
            case ast.alias(name=name, asname=other):
                found.add(other or name.partition(".")[0])
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                found.update(names)
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                found.add(name)
    return found
