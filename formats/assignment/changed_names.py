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

from formats.assignment.call_effects import is_called_implicitly
from formats.assignment.definitions import rebound_names
from formats.assignment.fates import Fate, Node
from formats.assignment.free_names import FreeNames, attributes_of
from formats.assignment.object_uses import ANY, Uses
from formats.assignment.passed_objects import PassedObjects, Scope, parameters_of
from formats.assignment.tied_objects import TiedObjects
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
    objects: AbstractSet[str] = frozenset()
    networks: AbstractSet[str] = frozenset()
    parts: AbstractSet[str] = frozenset()
    odd_parts: AbstractSet[str] = frozenset()
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
        self._effects: dict[str, dict[str, Fate]] = defaultdict(dict)
        self._needs, made = _groups(), _groups()
        self._leads: dict[object, set[tuple[object, Fate, Fate]]] = defaultdict(set)
        self._changed: dict[int, Mapping[str, Fate]] = {}
        self._called = _groups()
        self._lasting = _groups()
        for cell in cells:
            _gather(self._needs, cell.needs)
            # A plain value is what it is; but objects have the methods of their class.
            methods = {
                name: found & self._defined for name, found in cell.values.items()
            }
            _gather(made, methods)
        for name, found in (*self._needs.items(), *made.items()):
            for one in found:
                self._leads[one].add((name, Fate.SEEN, Fate.CHANGED))
        self._ties = self._follow(cells, imported)

    def _follow(
        self, cells: Sequence[_Read], imported: AbstractSet[str]
    ) -> TiedObjects:
        """Note what is changed by calls of the notebook's functions, and with parts."""
        unknown = set(imported).union(*(cell.stored for cell in cells))
        if not all(cell.is_read for cell in cells):
            unknown |= self._defined
        scopes = [scope for cell in cells for scope in cell.scopes]
        parts = {one for cell in cells for one in cell.parts}
        parts -= {one for cell in cells for one in cell.odd_parts}
        passed = PassedObjects(
            scopes,
            libraries=self._libraries,
            unknown=unknown,
            parts=parts,
            networks={one for cell in cells for one in cell.networks}
            - {one for cell in cells for one in cell.objects},
        )
        for index, scope in enumerate(scopes):
            changed = passed.changed_in(index)
            self._changed[id(scope)] = changed
            self._note_effects(scope, changed)
            own = scope.parameters.names if scope.parameters else frozenset()
            for owner, held, least in passed.held_in(index):
                if held not in own:
                    lead = (_key(index, held), least, Fate.DERIVED)
                    self._leads[_key(index, owner)].add(lead)
        for cell in cells:
            for whole, part in cell.views:
                self._leads[whole].add((part, Fate.GIVEN, Fate.CHANGED))
        return TiedObjects(
            scopes,
            passed,
            needs=self._needs,
            effects=self._lasting,
            apart=self._libraries | self._constants(cells) | {ANY},
            parts=parts,
        )

    def _note_effects(self, scope: Scope, changed: Mapping[str, Fate]) -> None:
        """Note what a call of a function, or of a class's methods, changes."""
        if not scope.name:
            return
        self._called[scope.name] |= scope.called
        effects = dict.fromkeys(scope.declared, Fate.CHANGED)
        for name, fate in changed.items():
            is_free = name in scope.free or name == ANY
            if is_free and not self._is_plain(name, fate):
                known = effects.get(name, fate)
                effects[name] = max(known, min(fate, Fate.CHANGED))
        for name, fate in effects.items():
            known = self._effects[scope.name].get(name, fate)
            self._effects[scope.name][name] = max(fate, known)
            if fate > Fate.GIVEN and name not in self._libraries:
                self._lasting[scope.name].add(name)
                if scope.owner:
                    self._lasting[scope.owner].add(name)

    def _constants(self, cells: Iterable[_Read]) -> frozenset[str]:
        """Return the names that stand for numbers or texts, whichever cell binds them."""
        stored = {name for cell in cells for name in cell.stored}
        objects = {name for cell in cells for name in cell.objects | cell.networks}
        return frozenset(stored - objects - self._defined)

    def changed_by(self, cell: _Read) -> frozenset[str]:
        """Return the names whose objects the cell may change, by whatever it calls."""
        called = _closure(cell.used, self._needs)
        starts: list[tuple[object, Fate]] = [
            *((name, Fate.SEEN) for name in cell.binds | cell.imports),
            *(start for one in called for start in self._effects[one].items()),
        ]
        for scope in cell.scopes[:1]:
            starts += self._changed[id(scope)].items()
            names = set(scope.called).union(*(self._called[one] for one in called))
            starts += ((one, Fate.CHANGED) for one in self._ties.runs(called, names))
        found = self._spread(starts) if cell.is_read else frozenset((ANY,))
        return frozenset((ANY,)) if ANY in found or len(found) > _MOST else found

    def _spread(self, left: list[tuple[object, Fate]]) -> frozenset[str]:
        seen: set[tuple[object, Fate]] = set()
        groups: set[object] = set()
        found: set[str] = set()
        while left and len(found) <= _MOST:
            name, fate = left.pop()
            is_out = name in self._libraries or self._is_plain(name, fate)
            if is_out or (name, fate) in seen:
                continue
            seen.add((name, fate))
            if isinstance(name, str):
                found.add(name)
                group, names = self._ties.group_of(name)
                if fate > Fate.GIVEN and group not in groups:
                    groups.add(group)
                    left += ((one, Fate.CHANGED) for one in names)
            left += [
                (other, fate)
                for other, least, most in self._leads.get(name, ())
                if least <= fate <= most
            ]
        return frozenset(found)

    def _is_plain(self, name: object, fate: Fate) -> bool:
        """Return whether the fate changes nothing: functions and classes have no gradient."""
        return fate is Fate.DERIVED and name in self._defined


def _key(index: int, node: Node) -> object:
    """Return the key of a node: all scopes share a name, and a slot is of one scope."""
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
    free = FreeNames()
    used = free(tree)
    owners = {
        part: node.name
        for node in told
        if isinstance(node, ast.ClassDef)
        for part in node.body
    }
    read = [
        _scope(node, free, owners.get(node, ""))
        for node in told
        if isinstance(node, SCOPES)
    ]
    scopes = [scope for scope, _ in read]
    needs, values = _definitions(told, free)
    cell = Scope(
        name="",
        changed=uses.changed,
        edges=uses.edges,
        free=used,
        met=uses.met,
        makers=uses.makers,
        called=uses.called,
        methods=uses.methods,
    )
    parts, odd_parts = attributes_of(told)
    return _Read(
        binds=binds,
        used=used,
        needs=needs,
        values=values,
        imports=imports - {ANY},
        scopes=(cell, *scopes),
        views=uses.views,
        stored=uses.stored.union(*(scope.declared for scope in scopes)),
        objects=uses.objects.union(*(found for _, found in read)),
        networks=uses.networks,
        parts=parts,
        odd_parts=odd_parts,
    )


def _scope(
    node: _Definition, free: FreeNames, owner: str
) -> tuple[Scope, AbstractSet[str]]:
    """Return what a function, or a class's body, does when it is called or made.

    With it stand the names that it declares and binds to more than a constant.
    """
    names = free(node)
    declared = free.declared[node]
    is_class = isinstance(node, ast.ClassDef)
    first = "" if isinstance(node, ast.ClassDef) or not owner else _first(node)
    uses = Uses(kept=None if is_class else declared, own=first)
    for part in ast.iter_child_nodes(node):
        uses.visit(part)
    for name in free.read_within[node] - names:
        uses.change(name)  # the definitions within may do anything with it
    scope = Scope(
        name=node.name,
        changed=uses.changed,
        edges=uses.edges,
        free=names,
        declared=declared,
        parameters=parameters_of(node),
        met=uses.met,
        makers=uses.makers,
        called=uses.called,
        methods=uses.methods,
        owner=owner,
        own=first,
        is_called_implicitly=not isinstance(node, ast.ClassDef)
        and is_called_implicitly(node),
        gives_code=free.has_code[node],
        is_class=is_class,
    )
    return scope, (uses.objects | uses.networks) & declared


def _first(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return the name of a method's first parameter, such as `self`, or ""."""
    found = [*node.args.posonlyargs, *node.args.args]
    return found[0].arg if found else ""


def _definitions(nodes: Iterable[ast.AST], free: FreeNames) -> tuple[_Groups, _Groups]:
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
