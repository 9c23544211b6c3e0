"""Parameters that the assignment forces, such as `TRAIN = False`.

This is a convenience, so that a notebook need not be edited before it is graded. It is
not a barrier: all of it happens in the student's own process, whose code can undo it.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Final

from runner.protocol.jobs import Scalar

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES: Final = (*_FUNCTIONS, ast.ClassDef)
# `type X = ...`, which Python has from 3.12 on.
_TYPE_ALIAS: Final = getattr(ast, "TypeAlias", ())
_IMPORTS: Final = (ast.Import, ast.ImportFrom)


class ForceParameters(ast.NodeTransformer):
    """Give each parameter its forced value wherever a cell binds its name.

    At module level, and in a function or class that declares the name `global`, an
    assignment of the forced value follows every statement that binds the name. It also
    begins each block whose statement binds the name in its head (`for`, `with`,
    `except`, `case`). The statement itself still runs, so that its side effects stay.
    """

    def __init__(self, values: Mapping[str, Scalar]) -> None:
        self.values = dict(values)
        # The parameters whose names are global in the present scope.
        self._here = frozenset(self.values)

    def visit(self, node: ast.AST) -> ast.AST:
        """Transform the node in place, and return it."""
        if isinstance(node, _SCOPES):
            self._visit_scope(node)
        elif isinstance(node, ast.Lambda):
            self.visit(node.args)  # a walrus in the body binds a local name
        else:
            self._visit_fields(node)
            if isinstance(node, ast.NamedExpr) and node.target.id in self._here:
                _force_walrus(node, self.values[node.target.id])
        return node

    def _visit_scope(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    ) -> None:
        """Visit a scope: its body has names of its own, its head belongs outside."""
        for field, value in ast.iter_fields(node):
            if field != "body":
                self._visit_all(value)
        outside = self._here
        self._here = outside_names(node, self.values)
        node.body = list(self._forced(node.body))
        self._here = outside

    def _visit_fields(self, node: ast.AST) -> None:
        for field, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                # The names that the statement's head binds. Its other fields are
                # visited separately.
                head = self._assignments(head_names(node), value[0])
                is_body = field == "body"
                forced = [*(head if is_body else ()), *self._forced(value)]
                setattr(node, field, forced)
            else:
                self._visit_all(value)

    def _visit_all(self, value: object) -> None:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.AST):
                self.visit(one)

    def _forced(self, body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
        for statement in body:
            self.visit(statement)
            yield statement
            yield from self._assignments(bound_names(statement), statement)

    def _assignments(self, names: Iterable[str], near: ast.stmt) -> list[ast.stmt]:
        wanted = set(names)
        if "*" in wanted:
            wanted |= self._here
        return [
            _assignment(name, self.values[name], near)
            for name in sorted(wanted & self._here)
        ]


def outside_names(
    scope: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, values: Iterable[str]
) -> frozenset[str]:
    """Return those names that the scope's body has declared to be global."""
    found: set[str] = set()
    left: list[ast.AST] = list(scope.body)
    while left:
        node = left.pop()
        if isinstance(node, ast.Global):
            found.update(node.names)
        elif not isinstance(node, (*_SCOPES, ast.Lambda)):
            left += ast.iter_child_nodes(node)
    return frozenset(found.intersection(values))


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that the statement binds or deletes; "*" stands for any.

    Names bound within its blocks are left out, except those that its head binds.
    """
    if isinstance(statement, _SCOPES):
        yield statement.name
    elif isinstance(statement, _IMPORTS):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(statement, ast.Try | ast.TryStar):
        for handler in statement.handlers:
            yield from head_names(handler)
    elif isinstance(statement, ast.Match):
        for case in statement.cases:
            yield from head_names(case)
    else:
        yield from head_names(statement)


def head_names(node: ast.AST) -> Iterator[str]:
    """Yield the names that the head of a statement or of one of its parts binds."""
    match node:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            yield from _targets(*targets)
        case ast.For(target=target) | ast.AsyncFor(target=target):
            yield from _targets(target)
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            yield from _targets(target)
        case ast.With(items=items) | ast.AsyncWith(items=items):
            yield from _targets(*(item.optional_vars for item in items))
        case ast.ExceptHandler(name=str(name)):
            yield name
        case ast.match_case(pattern=pattern):
            yield from _captures(pattern)
        case _ if isinstance(node, _TYPE_ALIAS):
            yield from _targets(getattr(node, "name", None))


def _targets(*targets: ast.AST | None) -> Iterator[str]:
    for target in targets:
        for node in ast.walk(target) if target is not None else ():
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                yield node.id


def _captures(pattern: ast.pattern) -> Iterator[str]:
    for node in ast.walk(pattern):
        name = getattr(node, "rest", None) or getattr(node, "name", None)
        if isinstance(node, ast.pattern) and isinstance(name, str):
            yield name


def _force_walrus(node: ast.NamedExpr, value: Scalar) -> None:
    """Make `(X := f())` call f, bind the forced value to X and return that value."""
    pair = ast.Tuple(elts=[node.value, ast.Constant(value)], ctx=ast.Load())
    forced = ast.Subscript(value=pair, slice=ast.Constant(1), ctx=ast.Load())
    node.value = ast.fix_missing_locations(ast.copy_location(forced, node.value))


def _assignment(name: str, value: Scalar, near: ast.stmt) -> ast.stmt:
    node = ast.Assign(
        targets=[ast.Name(id=name, ctx=ast.Store())], value=ast.Constant(value)
    )
    return ast.fix_missing_locations(ast.copy_location(node, near))


def force(shell: Any, values: Mapping[str, Scalar]) -> None:
    """Force the parameters in every cell that the shell runs from now on.

    A parameter that the notebook binds in another way, as by `globals()["TRAIN"] =
    True`, is set back before and after each cell.
    """

    def restore(*_: object) -> None:
        restore_values(shell.user_ns, values)

    shell.ast_transformers.append(ForceParameters(values))
    shell.events.register("pre_run_cell", restore)
    shell.events.register("post_run_cell", restore)


def restore_values(
    names: MutableMapping[str, Any], values: Mapping[str, Scalar]
) -> None:
    """Set those parameters that are among the names to their forced values; add none."""
    names.update({name: values[name] for name in values if name in names})
