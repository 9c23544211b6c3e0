"""Names whose objects the cells of a hand-out may change, read and never run.

A question is not tested below such a cell: there the object may be the hand-out's own
work. The rule is the safe one. Whatever is done with an object may change it, but for
uses that are known to look at it alone: it is printed, drawn, compared or computed
with, or it is called and what it gives is looked at.
"""

import ast
import builtins
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from formats.assignment.definitions import rebound_names
from formats.assignment.object_uses import ANY, Fate, Node, Uses
from formats.assignment.passed_objects import PassedObjects, Scope, parameters_of
from formats.notebook.cell_syntax import SCOPES, Budget, TooComplexError, parse, walk
from formats.notebook.ipython_syntax import (
    is_python_magic,
    run_python,
    split_cell_magic,
)

# So many names of a cell are told; one that changes more may change any.
_MOST: Final = 500
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
# Those that run a statement of Python's.
_RUNNING: Final = frozenset(("time", "timeit", "prun", "debug"))
# Nodes that say what a name is.
_TELLING: Final = (*SCOPES, ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom)
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_BUILTINS: Final = frozenset(dir(builtins))
_Groups = defaultdict[str, set[str]]


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What a cell does.

    `binds` are the names to which it gives a value, and `used` all that it reads.
    `needs` says what the functions and classes that it defines need, and `values` what
    other names are made with. The first of `scopes` is the cell, the others are its
    definitions. `views` are names and those that are parts or views of them.
    `is_read` is False for a cell that may do anything.
    """

    binds: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    needs: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    values: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    imports: frozenset[str] = frozenset()
    scopes: tuple[Scope, ...] = ()
    views: AbstractSet[tuple[str, str]] = frozenset()
    stored: AbstractSet[str] = frozenset()
    is_read: bool = True


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
    """What the names of a hand-out need, and what is changed when they are used.

    `_leads` says what is changed with a name, if this becomes of the name: at least
    the first, at most the second. To bind a name again changes no object.
    """

    def __init__(self, cells: Sequence[_Read]) -> None:
        bound = {name for cell in cells for name in cell.binds - cell.imports}
        imported = {name for cell in cells for name in cell.imports}
        self._defined = {name for cell in cells for name in cell.needs}
        self._libraries = (imported | _BUILTINS) - bound
        self._effects = _groups()
        self._needs = _groups()
        self._leads: dict[object, set[tuple[object, Fate, Fate]]] = defaultdict(set)
        self._changed: dict[int, Mapping[str, Fate]] = {}
        for cell in cells:
            _gather(self._needs, cell.needs)
            # A plain value is what it is; but objects have the methods of their class.
            methods = {
                name: found & self._defined for name, found in cell.values.items()
            }
            _gather(self._needs, methods)
        for name, found in self._needs.items():
            for one in found:
                self._leads[one].add((name, Fate.SEEN, Fate.CHANGED))
        self._follow(cells, imported)

    def _follow(self, cells: Sequence[_Read], imported: AbstractSet[str]) -> None:
        """Note what is changed by calls of the notebook's functions, and with parts."""
        unknown = set(imported).union(*(cell.stored for cell in cells))
        if not all(cell.is_read for cell in cells):
            unknown |= self._defined
        scopes = [scope for cell in cells for scope in cell.scopes]
        passed = PassedObjects(scopes, libraries=self._libraries, unknown=unknown)
        for index, scope in enumerate(scopes):
            changed = passed.changed_in(index)
            self._changed[id(scope)] = changed
            if scope.name:
                found = {
                    one for one in changed if not self._is_plain(one, changed[one])
                }
                self._effects[scope.name] |= found & (scope.free | {ANY})
                self._effects[scope.name] |= scope.declared
            own = scope.parameters.names if scope.parameters else frozenset()
            for owner, held, least in passed.held_in(index):
                if held not in own:
                    lead = (_key(index, held), least, Fate.DERIVED)
                    self._leads[_key(index, owner)].add(lead)
        for cell in cells:
            for whole, part in cell.views:
                self._leads[whole].add((part, Fate.TAKEN, Fate.CHANGED))

    def changed_by(self, cell: _Read) -> frozenset[str]:
        """Return the names whose objects the cell may change, by whatever it calls."""
        called = _closure(cell.used, self._needs)
        starts: list[tuple[object, Fate]] = [
            *((name, Fate.SEEN) for name in cell.binds | cell.imports),
            *((name, Fate.CHANGED) for one in called for name in self._effects[one]),
        ]
        for scope in cell.scopes[:1]:
            starts += self._changed[id(scope)].items()
        found = self._spread(starts) if cell.is_read else frozenset((ANY,))
        return frozenset((ANY,)) if ANY in found or len(found) > _MOST else found

    def _spread(self, left: list[tuple[object, Fate]]) -> frozenset[str]:
        seen: set[tuple[object, Fate]] = set()
        found: set[str] = set()
        while left and len(found) <= _MOST:
            name, fate = left.pop()
            is_out = name in self._libraries or self._is_plain(name, fate)
            if is_out or (name, fate) in seen:
                continue
            seen.add((name, fate))
            if isinstance(name, str):
                found.add(name)
            left += [
                (other, fate)
                for other, least, most in self._leads.get(name, ())
                if least <= fate <= most
            ]
        return frozenset(found)

    def _is_plain(self, name: object, fate: Fate) -> bool:
        """Say whether this changes nothing: no function or class has a gradient."""
        return fate is Fate.DERIVED and name in self._defined


def _key(index: int, node: Node) -> object:
    """Return what tells a slot of one scope from those of others."""
    return node if isinstance(node, str) else (index, node)


def _gather(groups: _Groups, found: Mapping[str, AbstractSet[str]]) -> None:
    for name, names in found.items():
        groups[name] |= names


def _closure(
    names: Iterable[str], leads: Mapping[str, AbstractSet[str]]
) -> frozenset[str]:
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += leads.get(name, ())
    return frozenset(found)


def _read_all(sources: Iterable[str]) -> list[_Read]:
    budget = Budget()
    unread = _Read(is_read=False)
    return [_read(text) if budget.covers(text) else unread for text in sources]


@lru_cache(maxsize=1024)
def _read(source: str) -> _Read:
    source = textwrap.dedent(source)
    binds = rebound_names(source)
    magic, _, _ = split_cell_magic(source)
    commands = {magic, *_COMMAND.findall(source)} - {""}
    if ANY in binds or not commands <= _HARMLESS:
        return _Read(binds=binds, is_read=False)
    if not is_python_magic(magic):
        return _Read(binds=binds, stored=binds)
    try:
        return _read_tree(parse(run_python(source)), binds)
    except SyntaxError:
        # It does not run; but what a magic runs may not be read in the right way.
        return _Read(binds=binds, stored=binds, is_read=commands.isdisjoint(_RUNNING))
    except (TooComplexError, RecursionError):
        return _Read(binds=binds, is_read=False)


def _read_tree(tree: ast.Module, binds: frozenset[str]) -> _Read:
    uses = Uses()
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
    used = free(tree)
    scopes = [_scope(node, free) for node in told if isinstance(node, SCOPES)]
    needs, values = _definitions(told, free)
    cell = Scope(name="", changed=uses.changed, edges=uses.edges, free=used)
    return _Read(
        binds=binds,
        used=used,
        needs=needs,
        values=values,
        imports=imports - {ANY},
        scopes=(cell, *scopes),
        views=uses.views,
        stored=uses.stored.union(*(scope.declared for scope in scopes)),
    )


class _Free:
    """Finds the names that pieces of code read and that are not their own.

    Each scope is read once, whatever stands in it.
    """

    def __init__(self) -> None:
        self._found: dict[ast.AST, frozenset[str]] = {}
        # The names that a scope declares to be another's.
        self.declared: dict[ast.AST, frozenset[str]] = {}
        # The names that the definitions within a scope read.
        self.read_within: dict[ast.AST, frozenset[str]] = {}

    def __call__(self, node: ast.AST) -> frozenset[str]:
        if node not in self._found:
            self._found[node] = self._read(node)
        return self._found[node]

    def _read(self, node: ast.AST) -> frozenset[str]:
        read: set[str] = set()
        own: set[str] = set()
        declared: set[str] = set()
        within: set[str] = set()
        left = list(ast.iter_child_nodes(node))
        while left:
            part = left.pop()
            if isinstance(part, (*SCOPES, ast.Lambda)):
                read |= self(part)
                within |= self(part) if isinstance(part, SCOPES) else frozenset()
                continue
            if isinstance(part, ast.Name):
                (own if isinstance(part.ctx, ast.Store) else read).add(part.id)
                continue
            if isinstance(part, ast.arg):
                own.add(part.arg)
            elif isinstance(part, ast.Global | ast.Nonlocal):
                declared.update(part.names)
            left += ast.iter_child_nodes(part)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            read -= own
        self.declared[node] = frozenset(declared)
        self.read_within[node] = frozenset(within)
        return frozenset(read | declared)


def _scope(node: _Definition, free: _Free) -> Scope:
    """Return what a function, or a class's body, does when it is called or made."""
    names = free(node)
    declared = free.declared[node]
    is_class = isinstance(node, ast.ClassDef)
    uses = Uses(kept=None if is_class else declared)
    for part in ast.iter_child_nodes(node):
        uses.visit(part)
    for name in free.read_within[node] - names:
        uses.change(name)  # the definitions within may do anything with it
    return Scope(
        name=node.name,
        changed=uses.changed,
        edges=uses.edges,
        free=names,
        declared=declared,
        parameters=parameters_of(node),
    )


def _definitions(nodes: Iterable[ast.AST], free: _Free) -> tuple[_Groups, _Groups]:
    """Return what definitions need, and what plain values are made with."""
    needs, values = _groups(), _groups()
    for node in nodes:
        if isinstance(node, SCOPES):
            needs[node.name] |= free(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            parts = ast.walk(node.value)
            is_function = any(isinstance(one, ast.Lambda) for one in parts)
            for target in _targets(node):
                (needs if is_function else values)[target] |= free(node.value)
    return needs, values


def _groups() -> _Groups:
    return defaultdict(set)


def _targets(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        for part in ast.walk(target):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id
