"""Find the names that a notebook's code cells bind at their top level, without running.

Tests may ask for a name that the staff notebook defines, and replace it. These names
must be known before a student's notebook runs.
"""

import ast
import contextlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Final, NamedTuple

from formats.assignment.notebook_cells import Notebook, source_of
from formats.notebook.cell_syntax import (
    SCOPES,
    Budget,
    TooComplexError,
    parse,
    parts_of,
    walk,
)
from formats.notebook.ipython_syntax import plain_python

_CAPTURES: Final = (*(ast.ExceptHandler, ast.MatchMapping, ast.MatchAs, ast.MatchStar),)
# Functions whose call makes a class.
_CLASS_MAKERS: Final = frozenset(
    ("namedtuple", "NamedTuple", "make_dataclass", "TypedDict", "new_class")
)
# The definitions that are still visible in a line of a cell that is not Python. A line
# may be long, so no part of it is read twice.
_SHOWN: Final = re.compile(
    r"^(?:class[ \t]+(?P<klass>\w++)|(?:async[ \t]+)?def[ \t]+(?P<function>\w++)"
    r"|[ \t]++(?:async[ \t]+)?def[ \t]+(?P<method>\w++)"
    r"|(?P<name>\w++)[ \t]*+(?::[^=\n]++)?+=(?!=))",
    re.MULTILINE,
)
# The characters of which distinct lines are collected at a time.
_PIECE: Final = 1_000_000
_KINDS: Final = {
    "klass": "class",
    "function": "function",
    "method": "method",
    "name": "",
}


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """The names that a notebook defines, and which of them are classes and functions.

    A name that is only imported is not defined. `methods` are the names of methods and
    attributes that its classes define, or that it sets on any object. `vocab.__contains__`
    among them says that the name `vocab` always has an object of a class with that method.
    """

    names: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()


_NamesByKind = Mapping[str, Set[str]]
# Kinds of names for which no test asks a notebook.
_NOT_ASKED: Final = frozenset(
    ("module", "method", "containing", "derived", "made", "otherwise")
)
_CONTAINS: Final = "__contains__"


class _Binding(NamedTuple):
    """A name that is bound.

    Its kind is "class", "function", "import", "module" or "" for anything else. A
    "method" is a name that objects have, not a name of the notebook's own.

    Four more kinds tell which names have an object with `__contains__`: "containing" for
    a class that defines it, "derived" for a class and its base, "made" for a name and the
    class whose call it is given, and "otherwise" for a name that is bound in another way.
    """

    name: str
    kind: str = ""


def definitions_of(notebook: Notebook) -> Definitions:
    """Return the names that the code cells of a notebook define at their top level."""
    of_kind: dict[str, set[str]] = defaultdict(set)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for found in _bindings_in(map(source_of, cells)):
        for kind, names in found.items():
            of_kind[kind] |= names
    classes, functions = of_kind["class"], of_kind["function"]
    return Definitions(
        names=frozenset(classes | functions | of_kind[""]),
        classes=frozenset(classes),
        functions=frozenset(functions),
        methods=frozenset((*of_kind["method"], *_containers(of_kind))),
    )


def _containers(of_kind: _NamesByKind) -> Iterator[str]:
    """Yield `name.__contains__` for each name that always has an object with the method."""
    containing = set(of_kind["containing"])
    bases = defaultdict(set)
    for pair in of_kind["derived"]:
        kind, base = pair.split()
        bases[base].add(kind)
    left = list(containing)
    while left:
        found = bases[left.pop()] - containing
        containing |= found
        left += found
    made = [pair.split() for pair in of_kind["made"]]
    others = {name for name, kind in made if kind not in containing}
    for name, _ in made:
        if name not in others | of_kind["otherwise"]:
            yield f"{name}.{_CONTAINS}"


def rebound_names(source: str) -> frozenset[str]:
    """Return the names to which a code cell gives another value at its top level.

    "*" stands for any name. Imports of whole modules are left out: no test asks a
    notebook for a module.
    """
    return next(rebound_in_cells([source]))


def rebound_in_cells(sources: Iterable[str]) -> Iterator[frozenset[str]]:
    """Yield the names that each code cell binds again, in bounded time."""
    for found in _bindings_in(sources):
        asked = (names for kind, names in found.items() if kind not in _NOT_ASKED)
        yield frozenset(chain.from_iterable(asked))


def _bindings_in(sources: Iterable[str]) -> Iterator[_NamesByKind]:
    """Yield the names that each cell of a notebook binds, by their kinds.

    Cells that are too long to be parsed are read line by line, like cells that are not
    Python.
    """
    budget = Budget()
    for source in sources:
        yield _parsed_bindings(source) if budget.covers(source) else _by_lines(source)


@lru_cache(maxsize=1024)
def _parsed_bindings(source: str) -> _NamesByKind:
    with contextlib.suppress(RecursionError):
        tree = _parse(source)
        if tree is not None:
            found: dict[str, set[str]] = defaultdict(set)
            bound = tuple(_bound_in(tree))
            for binding in (*bound, *_methods_in(tree), *_objects_in(tree, bound)):
                found[binding.kind].add(binding.name)
            return found
    return _by_lines(source)


def _by_lines(source: str) -> _NamesByKind:
    found: dict[str, set[str]] = {kind: set() for kind in _KINDS.values()}
    found["otherwise"] = found[""]
    of_group = {group: found[kind] for group, kind in _KINDS.items()}
    for shown in chain.from_iterable(map(_SHOWN.finditer, _distinct_lines(source))):
        group = str(shown.lastgroup)
        name = shown[group]
        if name.isidentifier():
            of_group[group].add(name)
    return found


def _distinct_lines(source: str) -> Iterator[str]:
    """Yield texts with the lines of the source, in any order, each at most a few times.

    A notebook may have millions of lines, and most of them may be equal.
    """
    start = 0
    while start < len(source):
        end = source.find("\n", start + _PIECE)
        end = len(source) if end < 0 else end
        yield "\n".join(set(source[start:end].split("\n")))
        start = end + 1


def _parse(source: str) -> ast.Module | None:
    """Return the cell's syntax tree, without IPython's own syntax, or None."""
    for text in (source, plain_python(source)):
        with contextlib.suppress(SyntaxError, TooComplexError):
            return parse(text)
    return None


def _bound_in(
    node: ast.AST, declared: frozenset[str] | None = None, *, is_deep: bool = True
) -> Iterator[_Binding]:
    """Yield the bindings in the node. In a function, only names declared global.

    Without `is_deep`, functions and classes inside it are not searched.
    """
    for child in parts_of(node):
        for binding in _bound_by(child):
            if declared is None or binding.name in declared:
                yield binding
        if isinstance(child, SCOPES):
            yield from _bound_in(child, _globals_of(child)) if is_deep else ()
        elif isinstance(child, ast.comprehension):
            # The comprehension's target is local to it, but a walrus within it is not.
            for part in (child.iter, *child.ifs):
                yield from _bound_in(ast.Expr(part), declared, is_deep=is_deep)
        elif isinstance(child, ast.Lambda):
            yield from _bound_in(child.args, declared, is_deep=is_deep)
        else:
            yield from _bound_in(child, declared, is_deep=is_deep)


def _methods_in(tree: ast.AST) -> Iterator[_Binding]:
    """Yield the names that classes define in their bodies, or that are set on objects.

    Each class, and each call that makes a class, is read without the classes inside it.
    Those are visited separately, so that no part of the tree is walked once for each
    class around it.
    """
    for node in walk(tree):
        names: Iterable[str] = ()
        if isinstance(node, ast.ClassDef):
            body = ast.Module(body=node.body, type_ignores=[])
            names = (binding.name for binding in _bound_in(body, is_deep=False))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names = (node.attr,)
        elif isinstance(node, ast.Call) and _makes_class(node):
            names = " ".join(_texts_in(node)).split()
        for name in names:
            yield _Binding(name=name.strip(","), kind="method")


def _objects_in(tree: ast.Module, bound: Iterable[_Binding]) -> Iterator[_Binding]:
    """Yield which classes define `__contains__`, and which names have their objects."""
    for node in walk(tree):
        if isinstance(node, ast.ClassDef):
            if any(getattr(part, "name", "") == _CONTAINS for part in node.body):
                yield _Binding(node.name, "containing")
            for base in node.bases:
                if isinstance(base, ast.Name):
                    yield _Binding(f"{node.name} {base.id}", "derived")
    times = Counter(binding.name for binding in bound)
    for name, kind in _made_at_top(tree):
        times[name] -= 1
        yield _Binding(f"{name} {kind}", "made")
    for name in +times:
        yield _Binding(name, "otherwise")


def _made_at_top(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield each name outside functions that is given the result of a call of a name."""
    for child in parts_of(node):
        match child:
            case ast.Assign(value=ast.Call(func=ast.Name(id=kind)), targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield target.id, kind
        if not isinstance(child, (*SCOPES, ast.Lambda)):
            yield from _made_at_top(child)


def _texts_in(call: ast.Call) -> Iterator[str]:
    """Yield the texts in a call, except those in inner calls that make a class."""
    left: list[ast.AST] = [call]
    while left:
        for part in ast.iter_child_nodes(left.pop()):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value
            elif not _makes_class(part):
                left.append(part)


def _globals_of(scope: ast.AST) -> frozenset[str]:
    found: set[str] = set()
    left = list(ast.iter_child_nodes(scope))
    while left:
        node = left.pop()
        if isinstance(node, ast.Global):
            found.update(node.names)
        elif not isinstance(node, (*SCOPES, ast.Lambda)):
            left += ast.iter_child_nodes(node)
    return frozenset(found)


def _bound_by(node: ast.AST) -> Iterator[_Binding]:
    """Yield the bindings of the node itself, without those of its children."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from _imported(node)
    elif isinstance(node, SCOPES):
        is_class = isinstance(node, ast.ClassDef)
        yield _Binding(name=node.name, kind="class" if is_class else "function")
    elif isinstance(node, ast.Assign):
        yield from _made_by(node)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield _Binding(name=node.id)
    elif isinstance(node, _CAPTURES):
        name = getattr(node, "rest", None) or getattr(node, "name", None)
        yield from [_Binding(name=name)] if name else []


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[_Binding]:
    is_module = isinstance(node, ast.Import)
    for alias in node.names:
        name = alias.name.partition(".")[0] if is_module else alias.name
        kind = "module" if is_module else "import"
        yield _Binding(name=alias.asname or name, kind=kind)


def _made_by(node: ast.Assign) -> Iterator[_Binding]:
    """Yield the names to which a class or a function made in place is assigned."""
    kind = "class" if _makes_class(node.value) else ""
    if isinstance(node.value, ast.Lambda):
        kind = "function"
    for target in node.targets if kind else ():
        if isinstance(target, ast.Name):
            yield _Binding(name=target.id, kind=kind)


def _makes_class(value: ast.AST) -> bool:
    """Return whether the expression is a call like `namedtuple("Point", "x y")`."""
    if not isinstance(value, ast.Call):
        return False
    called: Any = value.func
    name = getattr(called, "attr", getattr(called, "id", ""))
    return name in _CLASS_MAKERS or (name == "type" and len(value.args) == 3)  # noqa: PLR2004 - type() makes a class of three arguments
