"""Find the names by which a piece of code is connected with other code."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_Capture = ast.ExceptHandler | ast.MatchAs | ast.MatchStar


@dataclass
class ScopeNames:
    """The names of one scope: those it reads, binds, imports, and declares global.

    `read` and `declared` include those of the scopes inside it. `imported` maps each name
    that an import binds to the first part of the module's name.
    """

    read: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    declared: set[str] = field(default_factory=set)
    imported: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """All names of the scope, its own ones among them."""
        return self.read | self.bound | self.declared | self.imported.keys()

    @property
    def free(self) -> set[str]:
        """The names that belong to scopes around it, if it is a function."""
        return (self.read - self.bound - self.imported.keys()) | self.declared


def names_in(nodes: Iterable[ast.AST]) -> ScopeNames:
    """Return the names of the scope that the nodes are in, without inner scopes' own."""
    found = ScopeNames()
    left = list(nodes)
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.bound.add(node.name)
        if isinstance(node, _Function):
            left += _outside(node)
            _add_inner(_names_in_function(node), found)
        elif isinstance(node, ast.ClassDef):
            left += (*node.decorator_list, *node.bases, *node.keywords)
            body = names_in(node.body)
            found.read |= body.read
            found.declared |= body.declared
        elif isinstance(node, _Comprehension):
            left.append(node.generators[0].iter)
            _add_inner(_names_in_comprehension(node), found)
        else:
            _note(node, found)
            left += ast.iter_child_nodes(node)
    return found


def _add_inner(inner: ScopeNames, found: ScopeNames) -> None:
    """Note the names in a function that belong to scopes around it."""
    found.read |= inner.free
    found.declared |= inner.declared


def _note(node: ast.AST, found: ScopeNames) -> None:
    """Note the names of the node itself, without those of its children."""
    if isinstance(node, ast.Name):
        (found.read if isinstance(node.ctx, ast.Load) else found.bound).add(node.id)
    elif isinstance(node, ast.Global | ast.Nonlocal):
        found.declared.update(node.names)
    elif isinstance(node, _Capture | ast.MatchMapping):
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        found.bound.update(filter(None, [name]))
    elif isinstance(node, ast.Import | ast.ImportFrom):
        found.imported.update(_imported(node))


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Yield the names that an import binds, with the first part of the module's name."""
    for alias in node.names:
        first = alias.name.partition(".")[0]
        if isinstance(node, ast.Import):
            yield alias.asname or first, first
        else:
            module = "" if node.level else (node.module or "").partition(".")[0]
            yield alias.asname or alias.name, module


def _outside(node: _Function) -> list[ast.AST]:
    """Return the parts of a function that belong to the scope around it."""
    arguments = node.args
    parts: list[ast.AST] = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
    if isinstance(node, ast.Lambda):
        return parts
    annotated = [one.annotation for one in _parameters(arguments) if one.annotation]
    return [*parts, *annotated, *node.decorator_list, *filter(None, [node.returns])]


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [*named, *filter(None, [arguments.vararg, arguments.kwarg])]


def _names_in_function(node: _Function) -> ScopeNames:
    found = names_in([node.body] if isinstance(node, ast.Lambda) else node.body)
    found.bound.update(one.arg for one in _parameters(node.args))
    return found


def _names_in_comprehension(node: _Comprehension) -> ScopeNames:
    first, *others = node.generators
    parts: list[ast.AST] = [first.target, *first.ifs, *others]
    values = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
    return names_in([*parts, *values])
