"""Find the names that are local to a function. Python decides it by the text alone."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Function = ast.FunctionDef | ast.AsyncFunctionDef
_CAPTURES: Final = (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)


class Kind(Enum):
    """The kinds of code that have names of their own."""

    FUNCTION = auto()
    COMPREHENSION = auto()
    CLASS = auto()


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The own names of a function or a comprehension, and those declared global."""

    kind: Kind
    names: frozenset[str] = frozenset()
    declared: frozenset[str] = frozenset()


def scope_of(node: Function | ast.Lambda | ast.ClassDef) -> Scope:
    """Return the scope of a definition's body. A class binds its names as it runs."""
    body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else [*node.body]
    declared = {
        name
        for part in _inside(body)
        if isinstance(part, ast.Global)
        for name in part.names
    }
    if isinstance(node, ast.ClassDef):
        return Scope(kind=Kind.CLASS, declared=frozenset(declared))
    outer = {
        name
        for part in _inside(body)
        if isinstance(part, ast.Nonlocal)
        for name in part.names
    }
    own = {name for part in _inside(body) for name in bound_by(part)}
    own |= {each.arg for each in _parameters(node.args)}
    return Scope(
        kind=Kind.FUNCTION,
        names=frozenset(own - declared - outer),
        declared=frozenset(declared),
    )


def scope_of_targets(node: Comprehension) -> Scope:
    """Return the scope of a comprehension: the names that its `for` binds."""
    parts = [part for each in node.generators for part in ast.walk(each.target)]
    names = {name for part in parts for name in bound_by(part)}
    return Scope(kind=Kind.COMPREHENSION, names=frozenset(names))


def bound_by(node: ast.AST) -> Iterator[str]:
    """Yield the names that the node itself, and not its parts, binds or deletes."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Import():
            yield from (
                each.asname or each.name.partition(".")[0] for each in node.names
            )
        case ast.ImportFrom():
            yield from (each.asname or each.name for each in node.names)
        case ast.MatchMapping(rest=str(name)):
            yield name
    if isinstance(node, _CAPTURES) and node.name:
        yield node.name


def deleted_in(node: ast.AST) -> set[str]:
    """Return the names that are deleted anywhere in a node, also by `except … as`."""
    found: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name, ctx=ast.Del()) | ast.ExceptHandler(name=str(name)):
                found.add(name)
    return found


def deleted_by_functions(tree: ast.AST) -> set[str]:
    """Return the global names that some function deletes."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, Function):
            found |= deleted_in(node) & scope_of(node).declared
    return found


def _parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (each for each in (arguments.vararg, arguments.kwarg) if each)


def _inside(body: list[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes that belong to a body's own scope."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Comprehension):
            yield from (part for part in _walruses(node))
            continue
        yield node
        if not isinstance(node, Function | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def _walruses(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the targets of `:=` in a comprehension. They are bound outside it."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.NamedExpr):
            yield part.target
        if not isinstance(part, ast.Lambda):
            yield from _walruses(part)
