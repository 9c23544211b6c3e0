"""Find what expressions in a question's tests read, and whether it may be an answer."""

import ast
import builtins
from collections.abc import Collection, Iterator, Sequence
from typing import Final

Function = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
# The functions of the module `softmark` that fail a check as an assertion does.
HELPERS: Final = frozenset(("expect", "metric"))
_BUILT_IN: Final = frozenset(dir(builtins))
# With these names a test gets what the notebook has printed, written, recorded or
# computed (a gradient), without one of the notebook's names.
_ROUNDABOUT: Final = frozenset(
    (
        *("MagicMock", "Mock", "eval", "exec", "exists", "getvalue", "glob", "globals"),
        *("grad", "input", "is_file", "iterdir", "listdir", "locals", "mock", "open"),
        *("patch", "vars"),
    )
)
_ROUNDABOUT_BEGINNINGS: Final = ("load", "read")


class Texts:
    """The text of one piece of tests: its own functions, and the names of libraries."""

    def __init__(
        self,
        trees: Sequence[ast.AST],
        libraries: Collection[str],
        defined: Collection[str],
    ) -> None:
        self.functions: dict[str, Function] = {}
        self.loops: list[ast.For] = []
        # The names under which the tests have functions of `softmark`.
        self.helpers: set[str] = set()
        imported: set[str] = set()
        bound: set[str] = set()
        for node in (node for tree in trees for node in ast.walk(tree)):
            if isinstance(node, Function):
                self.functions[node.name] = node
            elif isinstance(node, ast.Import | ast.ImportFrom):
                if getattr(node, "module", "") != "__main__":
                    names = (each.asname or each.name for each in node.names)
                    imported.update(name.partition(".")[0] for name in names)
                self.helpers.update(_helpers_in(node))
            elif isinstance(node, ast.ClassDef):
                bound.add(node.name)
            else:
                if isinstance(node, ast.For):
                    self.loops.append(node)
                bound.update(_bound(node))
        for name in bound:
            self.functions.pop(name, None)
        self.libraries = (frozenset(libraries) - frozenset(defined) | imported) - bound
        self._calm = _BUILT_IN - bound - frozenset(defined)
        self._bound = frozenset(bound)
        self._is_own: dict[str, bool] = {}

    def is_helper(self, called: ast.expr) -> bool:
        """Return whether this is `expect` or `metric` of `softmark`, by whatever name."""
        match called:
            case ast.Name(id=name):
                return name in self.helpers and name in self.libraries
            case ast.Attribute(value=ast.Name(id=root), attr=name):
                return name in HELPERS and root in self.libraries
        return False

    def is_no_answer(self, name: str) -> bool:
        """Return whether the name cannot give an answer of the notebook's code.

        That is a name of a library, a built-in, or a helper that uses only such names.
        """
        if name in self.functions:
            return self._is_own_alone(name)
        return name in self.libraries or name in self._calm

    def is_known(self, name: str) -> bool:
        """Return whether the name is a library's, a built-in, or bound in the tests."""
        known = (self.functions, self._bound, self.libraries, self._calm)
        return any(name in names for names in known)

    def is_bound(self, name: str) -> bool:
        """Return whether the tests bind the name, other than by `def` or `import`."""
        return name in self._bound

    def _is_own_alone(self, name: str) -> bool:
        """Return whether the test's own function reads nothing of the notebook's."""
        if name not in self._is_own:
            self._is_own[name] = True  # while it is looked at: it may call itself
            function = self.functions[name]
            own = {one.arg for one in ast.walk(function) if isinstance(one, ast.arg)}
            own |= set(stored_in(function))
            free = set(read_in(function)) - own
            is_direct = not is_roundabout(function)
            self._is_own[name] = is_direct and all(map(self.is_no_answer, free))
        return self._is_own[name]


def _helpers_in(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Yield the names that the statement gives to functions of `softmark`."""
    if isinstance(node, ast.ImportFrom) and node.module == "softmark":
        for each in node.names:
            if each.name in HELPERS:
                yield each.asname or each.name


def _bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield name


def key_of(node: ast.AST) -> str:
    """Return the name that the expression reads or binds (also `self.x`), or ""."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr):
            return f"self.{attr}"
    return ""


def root_of(node: ast.AST) -> str:
    """Return the name at the beginning of a chain of attributes, items and calls, or ""."""
    while not key_of(node):
        match node:
            case (
                ast.Attribute(value=inner)
                | ast.Subscript(value=inner)
                | ast.Call(func=inner)
                | ast.Starred(value=inner)
            ):
                node = inner
            case _:
                return ""
    return key_of(node)


def read_in(node: ast.AST) -> Iterator[str]:
    """Yield the names that the node reads (also `self.x`), without those that it binds."""
    name = key_of(node)
    if name:
        if isinstance(getattr(node, "ctx", None), ast.Load):
            yield name
        return
    own: set[str] = set()
    if isinstance(node, ast.Lambda):
        own = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
    elif isinstance(node, Comprehension):
        own = {name for each in node.generators for name in stored_in(each.target)}
        yield from read_in(node.generators[0].iter)
    for child in ast.iter_child_nodes(node):
        yield from (name for name in read_in(child) if name not in own)


def stored_in(node: ast.AST) -> Iterator[str]:
    """Yield the names that are bound in the node, including the parameters of lambdas."""
    for one in ast.walk(node):
        if isinstance(one, ast.arg):
            yield one.arg
        elif isinstance(getattr(one, "ctx", None), ast.Store) and key_of(one):
            yield key_of(one)


def is_roundabout(node: ast.AST) -> bool:
    """Return whether the node may read the notebook's work without one of its names."""
    for one in ast.walk(node):
        name = getattr(one, "id", "") or getattr(one, "attr", "")
        if name in _ROUNDABOUT or name.startswith(_ROUNDABOUT_BEGINNINGS):
            return True
    return False
