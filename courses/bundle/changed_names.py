"""Names whose objects the cells of a hand-out may change, read and never run.

A question is not tested below such a cell: there the object may be the hand-out's own
work. The rule is the safe one. Whatever is done with an object may change it, but for
uses that are known to look at it alone: it is printed, drawn, compared or computed
with, or it is called and what it gives is looked at.
"""

import ast
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Final

from courses.bundle.definitions import rebound_names
from courses.bundle.magics import is_python_magic, plain_python, split_cell_magic
from courses.bundle.syntax import SCOPES, Budget, TooComplexError, parse, walk

ANY: Final = "*"
# So many names of a cell are told; one that changes more may change any.
_MOST: Final = 500
# Functions that may do anything, by name, and what leads to them.
_DO_ANYTHING: Final = frozenset(
    (
        *("exec", "eval", "compile", "globals", "locals", "vars", "__import__"),
        *("get_ipython", "__main__", "__dict__", "run_path", "run_module", "f_globals"),
        *("reload", "exec_module", "run_line_magic", "run_cell", "user_ns", "modules"),
    )
)
# Functions that only look at what they are given.
_LOOK: Final = frozenset(
    (
        *("print", "display", "len", "str", "repr", "type", "isinstance", "abs"),
        *("round", "sum", "min", "max", "float", "int", "bool", "format", "range"),
    )
)
_DRAWING: Final = frozenset(("plt", "sns", "px"))
_ARRAYS: Final = frozenset(("np", "numpy", "torch"))
# Methods of values, and functions of array libraries, that give something new.
_PLAIN: Final = frozenset(
    (
        *("item", "tolist", "numpy", "detach", "cpu", "mean", "sum", "std", "var"),
        *("min", "max", "argmax", "argmin", "head", "tail", "describe", "info"),
        *("items", "keys", "values", "get", "copy", "astype", "reshape", "flatten"),
        *("round", "format", "upper", "lower", "split", "join", "count", "index"),
        *("size", "dim", "numel", "plot", "hist", "corr", "value_counts", "groupby"),
        *("isna", "any", "all", "norm", "abs", "to_string", "allclose", "isclose"),
        *("array_equal", "equal", "sqrt", "exp", "log"),
    )
)
_CHANGING: Final = frozenset(("inplace", "out"))
# IPython's own commands that give the notebook's names no other value.
_COMMAND: Final = re.compile(r"^[ \t]*+(?:[\w, ]++=[ \t]*+)?%%?(\w+)", re.MULTILINE)
_HARMLESS: Final = frozenset(
    (
        *("matplotlib", "time", "timeit", "prun", "capture", "config", "pip"),
        *("conda", "pwd", "cd", "ls", "mkdir", "who", "env", "debug"),
        *("bash", "sh", "html", "HTML", "latex", "markdown", "svg", "javascript"),
        *("js", "writefile", "file"),
    )
)
# Nodes that say what a name is.
_TELLING: Final = (*SCOPES, ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom)
_COMPUTED: Final = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.JoinedStr, ast.Slice)
_SHOWN: Final = (ast.Expr, ast.Assert, ast.FormattedValue)
_Groups = defaultdict[str, set[str]]
_GATHERED: Final = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Starred, ast.Await)


class _Fate(IntEnum):
    """What becomes of a value: looked at, kept or passed on, or changed."""

    SEEN = 0
    TAKEN = 1
    CHANGED = 2


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What a cell, or a definition, does.

    `binds` are the names to which it gives a value, `changed` those and the ones whose
    objects it may change, and `used` all that it reads. `needs` says what the functions
    and classes that it defines need, `values` what other names are made with, and
    `held` which objects these may hold: to change an optimiser may change its network.
    `effects` says what its functions change when they are called.
    """

    binds: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    needs: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    values: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    held: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    effects: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    imports: frozenset[str] = frozenset()


def changed_in_cells(
    sources: Sequence[str], staff: Iterable[str] = ()
) -> Iterator[frozenset[str]]:
    """Yield the names whose objects each code cell may change; "*" stands for any.

    Those are among them that are defined by what it changes: with `W`, a function
    `predict` that reads it. `staff` are the cells of the staff's notebook, which says
    what the parts need that students write.
    """
    cells = _read_all(sources)
    names = _Names([*cells, *_read_all(staff)])
    for cell in cells:
        yield names.changed_by(cell)


class _Names:
    """What the names of a hand-out need, and what is changed when they are used."""

    def __init__(self, cells: Sequence[_Read]) -> None:
        bound = {name for cell in cells for name in cell.binds - cell.imports}
        imported = {name for cell in cells for name in cell.imports}
        defined = {name for cell in cells for name in cell.needs}
        self._libraries = imported - bound
        self._effects = _groups()
        self._needs = _groups()
        self._led_to = _groups()
        for cell in cells:
            _gather(self._effects, cell.effects)
            _gather(self._needs, cell.needs)
            # A plain value is what it is; but objects have the methods of their class.
            methods = {name: found & defined for name, found in cell.values.items()}
            _gather(self._needs, methods)
            _gather(self._led_to, cell.held)
        for name, found in self._needs.items():
            for one in found:
                self._led_to[one].add(name)

    def changed_by(self, cell: _Read) -> frozenset[str]:
        """Return the names whose objects the cell may change, by whatever it calls."""
        called = _closure(cell.used, self._needs)
        changed = set(cell.changed).union(*(self._effects[one] for one in called))
        found = _closure(changed - self._libraries, self._led_to, self._libraries)
        return frozenset((ANY,)) if ANY in found or len(found) > _MOST else found


def _gather(groups: _Groups, found: Mapping[str, AbstractSet[str]]) -> None:
    for name, names in found.items():
        groups[name] |= names


def _closure(
    names: Iterable[str],
    leads: Mapping[str, AbstractSet[str]],
    without: AbstractSet[str] = frozenset(),
) -> frozenset[str]:
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found and name not in without:
            found.add(name)
            left += leads.get(name, ())
    return frozenset(found)


def _read_all(sources: Iterable[str]) -> list[_Read]:
    budget = Budget()
    unread = _Read(changed=frozenset((ANY,)))
    return [_read(text) if budget.covers(text) else unread for text in sources]


@lru_cache(maxsize=1024)
def _read(source: str) -> _Read:
    source = textwrap.dedent(source)
    binds = rebound_names(source)
    magic, _, _ = split_cell_magic(source)
    is_any = any(name not in _HARMLESS for name in _COMMAND.findall(source))
    if is_any or magic not in {"", *_HARMLESS}:
        binds |= {ANY}
    if not is_python_magic(magic):
        return _Read(binds=binds, changed=binds)
    try:
        tree = parse(plain_python(source))
        return _read_tree(tree, binds)
    except SyntaxError:
        return _Read(binds=binds, changed=binds)  # it does not run
    except (TooComplexError, RecursionError):
        return _Read(changed=binds | {ANY})


def _read_tree(tree: ast.Module, binds: frozenset[str]) -> _Read:
    uses = _Uses()
    uses.visit(tree)
    # Of a long cell, going through the tree is what takes time: it is done once.
    told = [node for node in walk(tree) if isinstance(node, _TELLING)]
    imports = frozenset(
        (alias.asname or alias.name).partition(".")[0]
        for node in told
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    )
    free = _Free()
    effects = _groups()
    for node in told:
        if isinstance(node, SCOPES):
            effects[node.name] |= _effects(node, free)
    needs, values, held = _definitions(told, free)
    return _Read(
        binds=binds,
        changed=binds | uses.changed | imports - {ANY},
        used=free(tree),
        needs=needs,
        values=values,
        held=held,
        effects=effects,
        imports=imports - {ANY},
    )


class _Free:
    """Finds the names that pieces of code read and that are not their own.

    Each scope is read once, whatever stands in it.
    """

    def __init__(self) -> None:
        self._found: dict[ast.AST, frozenset[str]] = {}
        # The names that a scope declares to be global.
        self.declared: dict[ast.AST, frozenset[str]] = {}

    def __call__(self, node: ast.AST) -> frozenset[str]:
        if node not in self._found:
            self._found[node] = self._read(node)
        return self._found[node]

    def _read(self, node: ast.AST) -> frozenset[str]:
        read: set[str] = set()
        own: set[str] = set()
        declared: set[str] = set()
        left = list(ast.iter_child_nodes(node))
        while left:
            part = left.pop()
            if isinstance(part, (*SCOPES, ast.Lambda)):
                read |= self(part)
                continue
            if isinstance(part, ast.Name):
                (own if isinstance(part.ctx, ast.Store) else read).add(part.id)
                continue
            if isinstance(part, ast.arg):
                own.add(part.arg)
            elif isinstance(part, ast.Global):
                declared.update(part.names)
            left += ast.iter_child_nodes(part)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            read -= own
        self.declared[node] = frozenset(declared)
        return frozenset(read | declared)


def _definitions(
    nodes: Iterable[ast.AST], free: _Free
) -> tuple[_Groups, _Groups, _Groups]:
    """Return what definitions need, what plain values are made with, and what they hold."""
    needs, values, held = _groups(), _groups(), _groups()
    for node in nodes:
        if isinstance(node, SCOPES):
            needs[node.name] |= free(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            parts = ast.walk(node.value)
            is_function = any(isinstance(one, ast.Lambda) for one in parts)
            uses = _Uses()
            uses.visit(node.value)
            for target in _targets(node):
                (needs if is_function else values)[target] |= free(node.value)
                held[target] |= uses.changed - {ANY}
    return needs, values, held


def _groups() -> _Groups:
    return defaultdict(set)


def _targets(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        for part in ast.walk(target):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id


def _effects(node: ast.AST, free: _Free) -> frozenset[str]:
    """Return the names whose objects a function, or a class's methods, may change."""
    uses = _Uses()
    for part in ast.iter_child_nodes(node):
        uses.visit(part)
    own = free(node) | {ANY}
    return frozenset(own & uses.changed) | free.declared[node]


class _Uses:
    """Finds the names whose objects a piece of code may change.

    What stands in a definition is not done yet, and is read by itself.
    """

    def __init__(self) -> None:
        self.changed: set[str] = set()

    def visit(self, node: ast.AST, fate: _Fate = _Fate.TAKEN) -> None:
        """Read the node, of whose value this becomes."""
        match node:
            case ast.Name():
                self._visit_name(node, fate)
            case ast.Attribute(value=value) | ast.Subscript(value=value):
                self._visit_part(node, value, fate)
            case ast.Call():
                self._visit_call(node, fate)
            case ast.ImportFrom(module=str(name)) if name in _DO_ANYTHING:
                self.changed.add(ANY)
            case ast.alias(name=name) if name in _DO_ANYTHING:
                self.changed.add(ANY)
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                self.visit(test, _Fate.SEEN)
                rest = [one for one in ast.iter_child_nodes(node) if one is not test]
                self._visit_all(rest, fate)
            case _ if isinstance(node, SCOPES):
                self._visit_all(node.decorator_list, _Fate.TAKEN)
            case _:
                self._visit_all(ast.iter_child_nodes(node), _inner(node, fate))

    def _visit_all(self, nodes: Iterable[ast.AST], fate: _Fate) -> None:
        for node in nodes:
            self.visit(node, fate)

    def _visit_name(self, node: ast.Name, fate: _Fate) -> None:
        if node.id in _DO_ANYTHING:
            self.changed.add(ANY)
        is_read = isinstance(node.ctx, ast.Load)
        if isinstance(node.ctx, ast.Del) or (is_read and fate is not _Fate.SEEN):
            self.changed.add(node.id)

    def _visit_part(
        self, node: ast.Attribute | ast.Subscript, value: ast.expr, fate: _Fate
    ) -> None:
        is_read = isinstance(node.ctx, ast.Load)
        self.visit(value, fate if is_read else _Fate.CHANGED)
        if isinstance(node, ast.Subscript):
            self.visit(node.slice, _Fate.SEEN)
        elif node.attr in _DO_ANYTHING:
            self.changed.add(ANY)

    def _visit_call(self, node: ast.Call, fate: _Fate) -> None:
        """Read a call. Its result is a new object, unless that is changed in turn."""
        given = _Fate.CHANGED if fate is _Fate.CHANGED else _Fate.SEEN
        names = {one.arg for one in node.keywords}
        looks, is_plain = _looks(node.func), names.isdisjoint(_CHANGING)
        if isinstance(node.func, ast.Attribute):
            is_method = node.func.attr in _PLAIN and is_plain
            self.visit(node.func, given if looks or is_method else _Fate.CHANGED)
        else:
            self.visit(node.func, given)
        taken = given if looks and is_plain else max(given, _Fate.TAKEN)
        self._visit_all((*node.args, *node.keywords), taken)


def _inner(node: ast.AST, fate: _Fate) -> _Fate:
    """Return what becomes of the parts of a node."""
    if isinstance(node, (*_COMPUTED, *_SHOWN)):
        return _Fate.SEEN
    if isinstance(node, (*_GATHERED, ast.BoolOp, ast.keyword)):
        return fate
    return max(fate, _Fate.TAKEN) if isinstance(node, ast.expr) else _Fate.TAKEN


def _looks(function: ast.expr) -> bool:
    """Say whether a function only looks at what it is given."""
    match function:
        case ast.Name(id=name):
            return name in _LOOK
        case ast.Attribute(value=ast.Name(id=root), attr=name):
            return root in _DRAWING or (root in _ARRAYS and name in _PLAIN)
    return False
