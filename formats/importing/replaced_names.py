"""Find names of the notebook that a test replaces without effect, or that hide others.

A test can delete a name of the notebook, or replace it with a stand-in that contains
nothing of the test's own. Any other binding stays in the test. This module finds
bindings that would stay, and names of the notebook that hide Python's or a library's.
"""

import ast
import builtins
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from formats.assignment.unpickling import Finding
from formats.importing.scopes import scope_of
from formats.notebook.cell_syntax import last_name

# The usual names of libraries, for notebooks that do not define them.
USUAL_LIBRARY_NAMES: Final = frozenset(
    ("np", "numpy", "torch", "nn", "F", "optim", "plt", "pd", "math", "random")
) | frozenset(("itertools", "os", "sys"))
_MOCKS: Final = frozenset({"Mock", "MagicMock"})
_ANSWERS: Final = frozenset({"return_value", "wraps", "side_effect"})
_PARTIALS: Final = frozenset({"partial", "partialmethod"})
_HINT: Final = (
    "A stand-in may be an object of the notebook's own, a function that only raises a "
    "built-in exception or returns nothing, or a mock without return_value and wraps, "
    "whose side_effect may only be a built-in exception."
)


def find_replaced(tree: ast.Module, defined: Collection[str]) -> Iterator[Finding]:
    """Yield a note for each name whose replacement never reaches the notebook.

    `defined` are the names that the staff notebook defines. Data is left out, because
    no test expects the notebook to receive it.
    """
    code = _Code(tree, defined)
    for name, node in code.bound:
        if name in code.defined and not code.is_stand_in(node):
            yield Finding(
                message=f"The test sets “{name}”, but the notebook keeps its own "
                f"“{name}”.",
                line=node.lineno,
                hint=_HINT,
                is_certain=False,
            )
    for name, call in code.patched:
        if name not in code.defined:
            yield Finding(
                message=f"“{name}” cannot be replaced, because the staff's notebook "
                "does not define it.",
                line=call.lineno,
                is_certain=False,
            )
        elif not code.is_patch_allowed(call):
            yield Finding(
                message=f"The replacement of “{name}” may not reach the notebook, and "
                "then the test fails.",
                line=call.lineno,
                hint=_HINT,
                is_certain=False,
            )


def find_shadowed(
    tree: ast.Module, defined: Collection[str], imports: Collection[str], key: str
) -> Iterator[Finding]:
    """Yield a note for each name of Python's or a library's that the notebook defines.

    `imports` are the names of libraries, besides the usual ones.
    """
    own = {name for name, _ in _Code(tree, defined).bound}
    first: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            first[node.id] = min(node.lineno, first.get(node.id, node.lineno))
    for name in sorted(first.keys() & set(defined) - own):
        is_python = hasattr(builtins, name)
        if is_python or name in USUAL_LIBRARY_NAMES or name in imports:
            whose = "Python's" if is_python else "the library's"
            yield Finding(
                message=f"“{name}” in the tests of “{key}” is the notebook's own "
                f"“{name}”, not {whose}.",
                line=first[name],
                is_certain=False,
            )


class _Code:
    """The top-level names that a test's code assigns, with their values."""

    def __init__(self, tree: ast.Module, defined: Collection[str]) -> None:
        self.defined = frozenset(defined)
        self.bound: list[tuple[str, ast.stmt]] = []
        self.patched: list[tuple[str, ast.Call]] = []
        self._values: dict[str, list[ast.stmt]] = {}
        self._answering: set[str] = set()
        for node in _single(_top_statements(tree)):
            for name in _bound_names(node):
                self.bound.append((name, node))
                self._values.setdefault(name, []).append(node)
        self.bound += _bound_elsewhere(tree)
        for part in ast.walk(tree):
            match part:
                case ast.Call():
                    self.patched += [(name, part) for name in _patched(part)]
                case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=ast.Store()):
                    if attr in _ANSWERS:
                        self._answering.add(name)

    def is_stand_in(self, node: ast.stmt, seen: frozenset[str] = frozenset()) -> bool:
        """Return whether it binds data, or a value that the notebook may receive."""
        match node:
            case ast.FunctionDef(body=body, decorator_list=[]):
                return _only_raises(body)
            case ast.Assign(targets=targets, value=value):
                names = {each.id for each in targets if isinstance(each, ast.Name)}
                if not names and isinstance(value, ast.Constant):
                    return value.value is not None  # a ban that affects the test alone
                is_answering = bool(names & self._answering)
                return self._is_allowed(value, seen, is_answering=is_answering)
        return False

    def is_patch_allowed(self, call: ast.Call) -> bool:
        """Return whether `mock.patch("__main__.name", …)` inserts nothing of tests."""
        if any(_is_answer(keyword) for keyword in call.keywords):
            return False
        news = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "new")]
        return not any(
            isinstance(new, ast.Constant | ast.List | ast.Dict | ast.Tuple)
            or not self._is_allowed(new, frozenset(), is_answering=False)
            for new in news
        )

    def _is_allowed(
        self, value: ast.expr, seen: frozenset[str], *, is_answering: bool
    ) -> bool:
        match value:
            case ast.Name(id=name):
                return self._is_name_allowed(name, seen)
            case ast.Call(func=func, keywords=keywords):
                answers = is_answering or any(map(_is_answer, keywords))
                called = last_name(func)
                return called not in _PARTIALS and not (called in _MOCKS and answers)
            case ast.Attribute(value=ast.Name(id=name)):
                return name not in USUAL_LIBRARY_NAMES
        return not isinstance(value, ast.Lambda)

    def _is_name_allowed(self, name: str, seen: frozenset[str]) -> bool:
        if name in seen:
            return True
        if name in self._values:
            nodes = self._values[name]
            return all(self.is_stand_in(node, seen | {name}) for node in nodes)
        return name in self.defined or not hasattr(builtins, name)


def _top_statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run in the notebook's names, also in blocks."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _bound_elsewhere(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the bindings by `global` in a function or by `globals()["name"] = …`.

    The statements are yielded without the name, because a look-up has none.
    """
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                declared = scope_of(node).declared
                for part in _single(ast.walk(node)):
                    for name in declared.intersection(_bound_names(part)):
                        yield name, _nameless(part)
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from ((name, _nameless(node)) for name in _looked_up(target))


def _single(nodes: Iterable[ast.AST]) -> Iterator[ast.stmt]:
    """Yield the statements. `kept, f = f, own` is yielded as two statements."""
    for node in nodes:
        match node:
            case ast.Assign(
                targets=[ast.Tuple() as names], value=ast.Tuple() as values
            ):
                for name, value in zip(names.elts, values.elts, strict=False):
                    yield ast.copy_location(ast.Assign([name], value), node)
            case ast.stmt():
                yield node


def _looked_up(target: ast.expr) -> Iterator[str]:
    """Yield the name in `globals()["name"]` or `__main__.name`."""
    match target:
        case (
            ast.Subscript(
                value=ast.Call(
                    func=ast.Name(id="globals" | "vars" | "locals"), args=[]
                ),
                slice=ast.Constant(value=str(name)),
            )
            | ast.Attribute(value=ast.Name(id="__main__"), attr=name)
        ):
            yield name


def _nameless(node: ast.stmt) -> ast.stmt:
    if isinstance(node, ast.Assign):
        return ast.copy_location(ast.Assign(targets=[], value=node.value), node)
    return node


def _bound_names(node: ast.stmt) -> Iterator[str]:
    match node:
        case (
            ast.FunctionDef(name=name)
            | ast.AsyncFunctionDef(name=name)
            | ast.ClassDef(name=name)
        ):
            yield name
        case ast.Assign(targets=targets):
            yield from (each.id for each in targets if isinstance(each, ast.Name))


def _patched(call: ast.Call) -> Iterator[str]:
    """Yield the name that `mock.patch("__main__.name")` replaces."""
    match call:
        case ast.Call(args=[ast.Constant(value=str() as path), *_]):
            module, _, name = path.partition(".")
            is_patch = last_name(call.func) == "patch"
            if is_patch and module == "__main__" and name.isidentifier():
                yield name


def _is_answer(keyword: ast.keyword) -> bool:
    """Return whether a mock is given an answer, other than a built-in exception."""
    if keyword.arg not in _ANSWERS:
        return False
    value = keyword.value
    if isinstance(value, ast.Constant) and value.value is None:
        return False
    raised = value.func if isinstance(value, ast.Call) else value
    return keyword.arg != "side_effect" or not _is_exception(raised)


def _is_exception(node: ast.expr) -> bool:
    found = getattr(builtins, node.id, None) if isinstance(node, ast.Name) else None
    return isinstance(found, type) and issubclass(found, Exception)


def _only_raises(body: list[ast.stmt]) -> bool:
    """Return whether a function does nothing, or only raises a built-in exception."""
    kept = [
        node
        for node in body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    match kept:
        case [] | [ast.Pass()] | [ast.Return(value=None | ast.Constant(value=None))]:
            return True
        case [ast.Raise(exc=ast.Call(func=raised), cause=None)]:
            return _is_exception(raised)
        case [ast.Raise(exc=ast.Name() as raised, cause=None)]:
            return _is_exception(raised)
    return False
