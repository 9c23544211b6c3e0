"""Estimate where a value in a test's code comes from.

The estimate follows names: nothing is executed, and the order of statements is not
looked at. An origin that cannot be told is UNKNOWN.
"""

import ast
import builtins
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from formats.notebook.cell_syntax import nodes_outside_functions
from runner.protocol.jobs import TestStyle

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

# The usual meaning of these names, for tests that do not import them.
_USUAL: Final[Mapping[str, str]] = {
    "np": "numpy",
    "pd": "pandas",
    "Path": "pathlib.Path",
} | {
    name: name
    for name in (
        *("numpy", "pandas", "torch", "pickle", "joblib", "dill", "cloudpickle"),
        *("marshal", "shelve", "runpy", "importlib", "subprocess", "ctypes", "os"),
        *("io", "gzip", "bz2", "lzma", "sys", "math", "random", "itertools", "yaml"),
        *("sympy", "pytest", "asyncio", "pty"),
    )
}
_READERS: Final = frozenset({"open", "read_text", "read_bytes", "fromfile"})


class Origin(StrEnum):
    """The origin of a value: a file of the staff's or a student's, or another one."""

    PRIVATE = "private"
    PUBLIC = "public"
    STUDENT = "student"
    LITERAL = "literal"
    UNKNOWN = "unknown"


Origins = frozenset[Origin]
_NOTHING: Final[Origins] = frozenset()
_SPECIAL: Final[Mapping[str, Origins]] = {
    "private": frozenset({Origin.PRIVATE}),
    "files": frozenset({Origin.STUDENT}),
}


@dataclass(eq=False)
class Scope:
    """The names that a piece of code binds, and the values that it binds them to.

    `free` is the origin of a name that nothing in the test binds.
    """

    free: Origins
    parent: "Scope | None" = None
    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    others: dict[str, Origins] = field(default_factory=dict)

    def holder(self, name: str) -> "Scope | None":
        """Return the innermost scope that binds the name, or None."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values or name in scope.others:
                return scope
            scope = scope.parent
        return None


class Sources:
    """The origins of the expressions in one test's code.

    `handed_in` are the names of the files that students hand in beside the notebook.
    `public` are the names of the course's files beside it. `imports` gives the meaning
    of the names that the staff notebook imports.
    """

    def __init__(
        self,
        tree: ast.Module,
        style: TestStyle,
        *,
        handed_in: Collection[str],
        imports: Mapping[str, str],
        public: Collection[str] = (),
    ) -> None:
        self._handed_in = frozenset(handed_in)
        self._public = frozenset(public) - self._handed_in
        self._is_section = style.has_sections
        self._style = style
        given = {name: target.replace(":", ".") for name, target in imports.items()}
        self._imports = {**given, **imported_names(tree)}
        self._known: dict[tuple[Scope, str], Origins] = {}
        free = Origin.STUDENT if self._is_section else Origin.UNKNOWN
        self.top = Scope(free=frozenset({free}))
        self._bind(tree.body, self.top)

    def inner(self, node: Function, outer: Scope) -> Scope:
        """Return the scope of a function or lambda."""
        scope = Scope(free=outer.free, parent=outer)
        arguments = node.args
        of_notebook = outer is self.top and self._is_check(node)
        origin = Origin.STUDENT if of_notebook else Origin.UNKNOWN
        for each in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            *filter(None, (arguments.vararg, arguments.kwarg)),
        ):
            scope.others[each.arg] = _SPECIAL.get(each.arg, frozenset({origin}))
        self._bind(node.body if isinstance(node.body, list) else [node.body], scope)
        return scope

    def _is_check(self, node: Function) -> bool:
        """Return whether the parameters of the function are names of the notebook."""
        if isinstance(node, ast.Lambda) or self._is_section:
            return False
        if self._style == TestStyle.CASES:
            return bool(node.decorator_list)
        return not node.name.startswith("_")

    def _bind(self, body: Collection[ast.AST], scope: Scope) -> None:
        for node in nodes_outside_functions(body):
            for name, value in _bindings(node):
                if value is None:
                    scope.others.setdefault(name, _NOTHING)
                else:
                    scope.values.setdefault(name, []).append(value)

    # --- Questions ---------------------------------------------------------------

    def called(self, node: ast.Call, scope: Scope) -> str:
        """Return the full dotted name of the function that is called, or ""."""
        return self._dotted(node.func, scope)

    def _dotted(self, node: ast.expr, scope: Scope) -> str:
        if isinstance(node, ast.Attribute):
            above = self._dotted(node.value, scope)
            return f"{above}.{node.attr}" if above else ""
        if not isinstance(node, ast.Name):
            return ""
        if node.id in self._imports:
            return self._imports[node.id]
        if scope.holder(node.id) is not None:
            return ""
        if hasattr(builtins, node.id):
            return f"builtins.{node.id}"
        return _USUAL.get(node.id, "")

    def origins(self, node: ast.AST, scope: Scope) -> Origins:
        """Return the origins of all parts of the expression."""
        match node:
            case ast.Constant(value=str() as text):
                return frozenset({self._of_text(text)})
            case ast.BinOp(op=ast.Div(), right=ast.Constant(value=str() as text)) if (
                text in self._public
            ):
                return frozenset({Origin.PUBLIC})  # Path(files) / "helpers.py"
            case ast.Name(id=name):
                return self._of_name(name, scope)
            case ast.Call():
                return self._of_call(node, scope)
        return self._of_parts(node, scope)

    def _of_text(self, text: str) -> Origin:
        if text in self._handed_in:
            return Origin.STUDENT
        return Origin.PUBLIC if text in self._public else Origin.LITERAL

    def _of_parts(self, node: ast.AST, scope: Scope) -> Origins:
        found = _NOTHING
        for part in ast.iter_child_nodes(node):
            found |= self.origins(part, scope)
        return found

    def _of_name(self, name: str, scope: Scope) -> Origins:
        if name in _SPECIAL:
            return _SPECIAL[name]
        holder = scope.holder(name)
        if holder is None:
            known = name in self._imports or name in _USUAL or hasattr(builtins, name)
            return _NOTHING if known else scope.free
        place = (holder, name)
        if place not in self._known:
            self._known[place] = _NOTHING  # ends the search for a name bound to itself
            found = holder.others.get(name, _NOTHING)
            for value in holder.values.get(name, ()):
                found |= self.origins(value, holder)
            self._known[place] = found
        return self._known[place]

    def _of_call(self, node: ast.Call, scope: Scope) -> Origins:
        found = self._of_parts(node, scope)
        match node.func:
            case ast.Attribute(attr=last) | ast.Name(id=last):
                pass
            case _:
                return found
        if last in _READERS and Origin.LITERAL in found:
            # A literal path that is not below `private` names a file beside the
            # notebook.
            found -= {Origin.LITERAL}
            is_own = bool(found & {Origin.PRIVATE, Origin.PUBLIC})
            return found if is_own else found | {Origin.STUDENT}
        if not found and isinstance(node.func, ast.Name) and scope.holder(last):
            return frozenset({Origin.UNKNOWN})  # the result of a helper
        return found

    def is_call_of(self, node: ast.AST, scope: Scope, name: str) -> bool:
        """Return whether the value is always the result of a call of this function."""
        if isinstance(node, ast.Call):
            return self.called(node, scope) == name
        if not isinstance(node, ast.Name):
            return False
        holder = scope.holder(node.id)
        values = () if holder is None else holder.values.get(node.id, ())
        calls = [each for each in values if isinstance(each, ast.Call)]
        is_bound_otherwise = holder is not None and node.id in holder.others
        return (
            bool(values)
            and len(calls) == len(values)
            and not is_bound_otherwise
            and all(self.called(each, scope) == name for each in calls)
        )

    def made_by(self, node: ast.AST, scope: Scope, makers: Collection[str]) -> bool:
        """Return whether the value is made with a call of one of these functions."""
        waiting: list[tuple[ast.AST, Scope]] = [(node, scope)]
        seen: set[str] = set()
        while waiting:
            part, place = waiting.pop()
            if isinstance(part, ast.Call) and self.called(part, place) in makers:
                return True
            if isinstance(part, ast.Name) and part.id not in seen:
                seen.add(part.id)
                holder = place.holder(part.id)
                if holder is not None:
                    waiting += [
                        (each, holder) for each in holder.values.get(part.id, ())
                    ]
            waiting += [(each, place) for each in ast.iter_child_nodes(part)]
        return False


def imported_names(tree: ast.Module) -> Mapping[str, str]:
    """Return the absolute imports of tests: each name with the dotted name it stands for."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.partition(".")[0]
                found[each.asname or top] = each.name if each.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for each in node.names:
                found[each.asname or each.name] = f"{node.module}.{each.name}"
    return found


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names that a node binds, each with its expression or None."""
    match node:
        case (
            ast.FunctionDef(name=name)
            | ast.AsyncFunctionDef(name=name)
            | ast.ClassDef(name=name)
            | ast.ExceptHandler(name=str() as name)
        ):
            yield name, None
        case ast.Assign(targets=targets, value=value):
            yield from ((name, value) for each in targets for name in _names(each))
        case (
            ast.AnnAssign(target=target, value=ast.expr() as value)
            | ast.AugAssign(target=target, value=value)
            | ast.NamedExpr(target=target, value=value)
            | ast.For(target=target, iter=value)
            | ast.AsyncFor(target=target, iter=value)
            | ast.comprehension(target=target, iter=value)
            | ast.withitem(optional_vars=ast.expr() as target, context_expr=value)
        ):
            yield from ((name, value) for name in _names(target))


def _names(target: ast.expr) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
