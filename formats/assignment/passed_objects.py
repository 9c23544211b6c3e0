"""Find the fates of objects that a notebook's code passes to its own functions.

A function looks at a parameter if all definitions of that name do, and nothing else
gives the name a value. Any other call may do anything with what it is given.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from formats.assignment.call_effects import keeps_effects
from formats.assignment.fates import Fate, Meeting, Node, Slot


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The parameters of a function. A slot of a call is matched with one of them."""

    positional: tuple[str, ...]
    by_name: frozenset[str]
    rest: str
    keywords: str

    def at(self, key: int | str | None) -> str:
        """Return the parameter that gets this argument, or ""."""
        if isinstance(key, int):
            is_own = key < len(self.positional)
            return self.positional[key] if is_own else self.rest
        return key if key in self.by_name and key else self.keywords

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all parameters."""
        return self.by_name | {*self.positional, self.rest, self.keywords}


@dataclass(frozen=True, kw_only=True, eq=False)
class Scope:
    """What a cell, a function or a class does with the objects behind names.

    `name` is that of the function or class, "" for a cell. `free` are the names that
    are not its own. `parameters` are None where a call of it tells nothing. A method has
    the class that is its `owner`, and calls its object `own`. `is_called_implicitly` is for one
    that Python calls by itself, `gives_code` for a function that makes a function.
    The others are what `Uses` found.
    """

    name: str
    changed: Mapping[Node, Fate]
    edges: Mapping[Node, AbstractSet[tuple[Node, Fate]]]
    free: frozenset[str]
    declared: frozenset[str] = frozenset()
    parameters: Parameters | None = None
    met: Mapping[Meeting, AbstractSet[str | int]] = field(default_factory=dict)
    makers: Mapping[int, str] = field(default_factory=dict)
    called: AbstractSet[str] = frozenset()
    methods: AbstractSet[tuple[str | int, str, str]] = frozenset()
    owner: str = ""
    own: str = ""
    is_called_implicitly: bool = False
    gives_code: bool = False
    is_class: bool = False


def parameters_of(node: ast.AST) -> Parameters | None:
    """Return the parameters of a function that is written out and is not wrapped."""
    if not isinstance(node, ast.FunctionDef) or _is_stub(node):
        return None
    if not all(map(keeps_effects, node.decorator_list)):
        return None
    found = node.args
    positional = [one.arg for one in (*found.posonlyargs, *found.args)]
    return Parameters(
        positional=tuple(positional),
        by_name=frozenset(one.arg for one in (*found.args, *found.kwonlyargs)),
        rest=found.vararg.arg if found.vararg else "",
        keywords=found.kwarg.arg if found.kwarg else "",
    )


def _is_stub(node: ast.FunctionDef) -> bool:
    """Return whether the function is a stub, whose body students write."""
    return all(
        isinstance(one, ast.Pass | ast.Raise)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        or (isinstance(one, ast.Return) and isinstance(one.value, ast.Constant | None))
        for one in node.body
    )


class PassedObjects:
    """Tells what each scope changes, with what the functions do that it calls."""

    def __init__(
        self,
        scopes: Sequence[Scope],
        *,
        libraries: AbstractSet[str],
        unknown: AbstractSet[str],
        parts: AbstractSet[str] = frozenset(),
        networks: AbstractSet[str] = frozenset(),
    ) -> None:
        self._scopes = scopes
        self._parts = parts
        self._networks = networks
        self._libraries = libraries
        self._defined: dict[str, list[int]] = defaultdict(list)
        for index, scope in enumerate(scopes):
            self._defined[scope.name].append(index)
        # What such a call gives is no part of what is called.
        self._callables = self._defined.keys() - unknown
        self._unknown = {
            "",
            *unknown,
            *(one.name for one in scopes if not one.parameters),
        }
        self._calling: dict[tuple[int, Node], list[tuple[int, Slot]]]
        self._calling = defaultdict(list)
        self._known: set[tuple[int, Slot]] = set()
        starts = [
            (fate, index, node)
            for index, scope in enumerate(scopes)
            for node, fate in (*scope.changed.items(), *self._slots(index))
        ]
        self._found = self._spread(starts)

    def changed_in(self, index: int) -> Mapping[str, Fate]:
        """Return the names whose objects the scope may change, with their fates."""
        return {
            node: fate
            for node, fate in self._found.get(index, {}).items()
            if isinstance(node, str)
        }

    def fate_of(self, index: int, slot: Slot) -> Fate:
        """Return the fate of an argument of a call."""
        return self._found.get(index, {}).get(slot, Fate.SEEN)

    def held_in(self, index: int) -> Iterator[tuple[Node, Node, Fate]]:
        """Yield each name with what it may hold, and the fate of the name that changes it."""
        for owner, targets in self._scopes[index].edges.items():
            for target, least in targets:
                is_changed = target in self._found.get(index, {})
                yield (
                    owner,
                    target,
                    self._least(index, target, least, is_changed=is_changed),
                )

    def _slots(self, index: int) -> Iterator[tuple[Node, Fate]]:
        """Yield the slots of unknown calls, and note the slots of known ones."""
        for node in self._scopes[index].edges:
            if isinstance(node, str):
                continue
            places = self._places(index, node)
            if places is None:
                yield node, self._unknown_fate(index, node[0])
                continue
            self._known.add((index, node))
            if node[0].startswith("@") and node[1]:
                yield node, Fate.GIVEN
            for place in places:
                self._calling[place].append((index, node))

    def _unknown_fate(self, index: int, name: str) -> Fate:
        """Return the fate of an argument of an unknown call.

        A network, which may be a parameter, returns its argument and does not keep it. If
        a class of the notebook defines `__call__`, the called object may be no network.
        """
        scope = self._scopes[index]
        if name.startswith("@"):
            return Fate.CHANGED
        is_network = name in self._networks or (scope.name and name not in scope.free)
        is_known = is_network and "__call__" not in self._defined
        return Fate.GIVEN if is_known else Fate.TAKEN

    def _places(self, index: int, slot: Slot) -> list[tuple[int, str]] | None:
        """Return the parameters that a slot's argument goes to, one for each definition.

        Returns None for an unknown call. A method that no class of the notebook defines
        is taken for a method of Python's or a library's values.
        """
        name, key = slot
        scope = self._scopes[index]
        if name.startswith("@"):
            is_part = name[1:] in self._parts and name[1:] not in self._defined
            return [] if is_part else None
        is_method = name.startswith(".")
        is_own = bool(scope.name) and name not in scope.free
        if not is_method and (key is None or is_own or name in self._unknown):
            return None
        defined = self._defined.get(name.removeprefix("."), [])
        known = [(one, self._scopes[one].parameters) for one in defined]
        found = [(one, each.at(key) if each else "") for one, each in known]
        is_known = all(parameter for _, parameter in found) and (found or is_method)
        return found if is_known else None

    def _spread(
        self, starts: Iterable[tuple[Fate, int, Node]]
    ) -> dict[int, dict[Node, Fate]]:
        """Return all that these fates change. The strongest fates are followed first."""
        found: dict[int, dict[Node, Fate]] = defaultdict(dict)
        by_fate: dict[Fate, list[tuple[int, Node]]] = defaultdict(list)
        for fate, index, node in starts:
            by_fate[fate].append((index, node))
        for fate in sorted(by_fate, reverse=True):
            left = by_fate[fate]
            while left:
                index, node = left.pop()
                if node not in found[index]:
                    found[index][node] = fate
                    left += self._reached(index, node, fate)
        return found

    def _reached(
        self, index: int, node: Node, fate: Fate
    ) -> Iterator[tuple[int, Node]]:
        if node in self._libraries:
            return
        for target, least in self._scopes[index].edges.get(node, ()):
            if fate >= self._least(index, target, least):
                yield index, target
        yield from self._calling.get((index, node), ())

    def _least(
        self, index: int, target: Node, least: Fate, *, is_changed: bool = False
    ) -> Fate:
        """Return what must become of what holds the target for that to be changed.

        A function of the notebook gives something new, unless it keeps what it is given.
        """
        if isinstance(target, str):
            is_new = least is Fate.CHANGED and target in self._callables
        else:
            is_new = (index, target) in self._known and not is_changed
        return Fate.DERIVED if is_new else least
