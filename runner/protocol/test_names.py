"""The names in a question's tests: the tests' own, and those of the notebook."""

import ast
import builtins
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

Function = ast.FunctionDef | ast.AsyncFunctionDef
_BUILT_IN: Final = frozenset(dir(builtins))
_OWN_OBJECT: Final = frozenset(("self", "cls"))
_NOTEBOOK: Final = "__main__"


@dataclass(frozen=True, kw_only=True)
class TestNames:
    """The names of one piece of tests, by whose they are.

    `bound` are those that the tests bind anywhere, `functions` their functions by name,
    and `libraries` the names that stand for libraries. `checks` are functions whose
    parameters without a default are names of the notebook.
    """

    __test__ = False

    bound: frozenset[str]
    functions: dict[str, list[Function]] = field(default_factory=dict)
    libraries: frozenset[str] = frozenset()
    checks: frozenset[str] = frozenset()

    def is_notebook(self, name: str) -> bool:
        """Return whether the name is the notebook's, as far as the text tells."""
        is_own = name in self.bound or name in self.libraries or name in _BUILT_IN
        return not is_own and not name.startswith("__")

    def taken(self, function: Function) -> frozenset[str]:
        """Return the parameters of a check that are names of the notebook."""
        if function.name not in self.checks:
            return frozenset()
        found = function.args
        positional = [*found.posonlyargs, *found.args]
        plain = positional[: len(positional) - len(found.defaults)]
        named = zip(found.kwonlyargs, found.kw_defaults, strict=True)
        plain += [one for one, default in named if default is None]
        return frozenset(one.arg for one in plain)


def names_in(
    trees: Sequence[ast.AST],
    *,
    libraries: Collection[str],
    defined: Collection[str] = (),
    checks: Collection[str] = (),
) -> TestNames:
    """Return the names of these pieces of tests.

    `defined` are the names that the staff's own notebook defines: such a name comes
    from the notebook even if it is also that of a library.
    """
    bound: set[str] = set()
    imported: set[str] = set()
    functions: dict[str, list[Function]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, Function):
                functions.setdefault(node.name, []).append(node)
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported.update(_imported(node))
            else:
                bound.update(_bound(node))
    return TestNames(
        bound=frozenset(bound),
        functions=functions,
        libraries=frozenset(libraries) - frozenset(defined) | imported,
        checks=frozenset(checks),
    )


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.module == _NOTEBOOK:
        return
    for each in node.names:
        yield each.asname or each.name.partition(".")[0]


def _bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
            yield name


def parameters(function: Function | ast.Lambda) -> list[str]:
    """Return the names of all parameters, those by position first."""
    found = function.args
    rest = [found.vararg, *found.kwonlyargs, found.kwarg]
    named = [*found.posonlyargs, *found.args, *(one for one in rest if one)]
    return [one.arg for one in named]


def key_of(node: ast.AST) -> str:
    """Return the name that the expression reads or binds, `self.x` too, or ""."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in _OWN_OBJECT:
            return f"self.{attr}"
    return ""


def root_of(node: ast.expr) -> str:
    """Return the name at the beginning of a chain of attributes, items and calls, or ""."""
    while not key_of(node):
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case ast.Call(func=inner) | ast.Starred(value=inner):
                node = inner
            case _:
                return ""
    return key_of(node)


def read_in(node: ast.AST) -> Iterator[str]:
    """Yield the names that the expression reads, also `self.x`."""
    name = key_of(node)
    if name:
        if isinstance(getattr(node, "ctx", None), ast.Load):
            yield name
        return
    for child in ast.iter_child_nodes(node):
        yield from read_in(child)
