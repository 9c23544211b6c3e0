"""Group the names whose objects a hand-out's code has brought together.

Objects that meet in a call may keep each other, unless the call is known only to look
at them. So may an object and what is assigned to a part of it. From then on, changing
one member of the group counts as changing all.
Groups are joined and never split (as in Steensgaard's analysis), whatever the order of
the code: that is safe, and takes time that grows with the code.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from formats.assignment.fates import Fate
from formats.assignment.passed_objects import PassedObjects, Scope


class TiedObjects:
    """Tells which names belong together, and in which groups there is code that changes.

    `needs` says what functions and classes read, `effects` what they change beside their
    parameters. `apart` are names that stand for no object that can be changed, and
    `parts` attributes that hold objects.
    """

    def __init__(
        self,
        scopes: Sequence[Scope],
        passed: PassedObjects,
        *,
        needs: Mapping[str, AbstractSet[str]],
        effects: Mapping[str, AbstractSet[str]],
        apart: AbstractSet[str],
        parts: AbstractSet[str],
    ) -> None:
        self._parents: dict[Hashable, Hashable] = {}
        self._apart = apart
        self._scopes = scopes
        self._defined: dict[str, list[int]] = defaultdict(list)
        for index, scope in enumerate(scopes):
            self._defined[scope.name].append(index)
        self._active = self._find_active(passed, effects)
        for index, scope in enumerate(scopes):
            self._tie(index, scope, passed)
        harmful = [*self._made(needs), *self._kept(needs, effects)]
        harmful += [
            self._key(index, holder)
            for index, scope in enumerate(scopes)
            for holder, name, root in scope.methods
            if name == "()" and root not in apart
        ]
        self._harmful = {self._root(one) for one in harmful}
        self._callable = {
            self._root(self._key(index, holder))
            for index, scope in enumerate(scopes)
            for holder, name, root in scope.methods
            if name not in parts and root not in apart
        }
        self._callable |= {self._root(one) for one in self._unknown()}
        self._members: dict[Hashable, set[str]] = defaultdict(set)
        for node in self._parents:
            if isinstance(node, str):
                self._members[self._root(node)].add(node)

    def group_of(self, name: str) -> tuple[Hashable, AbstractSet[str]]:
        """Return the representative of the name's group, and all names in the group."""
        root = self._root(name)
        return root, self._members.get(root, frozenset())

    def runs(self, names: Iterable[str], called: Iterable[str]) -> set[str]:
        """Return the names whose use may run code that changes something in their group."""
        return {one for one in names if self._root(one) in self._harmful} | {
            one for one in called if self._root(one) in self._callable
        }

    def _find_active(
        self, passed: PassedObjects, effects: Mapping[str, AbstractSet[str]]
    ) -> set[str]:
        """Return the functions that change something, and classes whose special methods do."""
        found = set()
        for index, scope in enumerate(self._scopes):
            changed = passed.changed_in(index)
            names = scope.parameters.names if scope.parameters else frozenset()
            is_active = bool(effects.get(scope.name)) or any(
                changed.get(one, Fate.SEEN) > Fate.GIVEN
                for one in ({scope.own} if scope.owner else names)
            )
            if (
                not scope.name
                or scope.is_class
                or (scope.owner and not scope.is_called_implicitly)
            ):
                continue
            if scope.owner:
                found |= {scope.owner} if is_active else set()
            elif is_active or not scope.parameters:
                found.add(scope.name)
        return found

    def _tie(self, index: int, scope: Scope, passed: PassedObjects) -> None:
        for owner, held, least in passed.held_in(index):
            if least > Fate.TAKEN:
                continue
            if isinstance(owner, str) and isinstance(held, str):
                self._join(self._key(index, owner), self._key(index, held))
        for (call, slot), nodes in scope.met.items():
            if slot is None or passed.fate_of(index, slot) > Fate.GIVEN:
                if slot and slot[0] not in self._defined and slot[0][0] != "@":
                    self._join((index, call), self._key(index, slot[0]))
                for node in nodes:
                    self._join((index, call), self._key(index, node))

    def _made(self, needs: Mapping[str, AbstractSet[str]]) -> list[Hashable]:
        """Return the calls whose result runs code when the result is used."""
        makers = {
            scope.name for scope in self._scopes if scope.is_class or scope.gives_code
        }
        reached = _reaching(self._active & makers, needs, within=self._defined.keys())
        return [
            (index, call)
            for index, scope in enumerate(self._scopes)
            for call, name in scope.makers.items()
            if name in reached
        ]

    def _unknown(self) -> list[Hashable]:
        """Return the calls in which a function that is not the notebook's keeps an argument.

        The call's result may be a function. Names with a capital are taken for classes.
        """
        return [
            (index, call)
            for index, scope in enumerate(self._scopes)
            for (call, slot), nodes in scope.met.items()
            if nodes and slot and slot[0] in self._apart and slot[0][0].islower()
        ]

    def _kept(
        self,
        needs: Mapping[str, AbstractSet[str]],
        effects: Mapping[str, AbstractSet[str]],
    ) -> list[Hashable]:
        """Join kept functions and made objects with what their code changes.

        Returns the kept functions that change something.
        """
        left: list[tuple[Hashable, str]] = [
            (name, name) for name in self._defined if name in self._parents
        ]
        left += [
            ((index, call), name)
            for index, scope in enumerate(self._scopes)
            for call, name in scope.makers.items()
            if name in self._defined
        ]
        seen = set()
        while left:
            holder, name = left.pop()
            for one in effects.get(name, ()):
                self._join(holder, one)
            if name in seen or holder != name:
                continue
            seen.add(name)
            for one in needs.get(name, ()):
                if one in self._defined:
                    self._join(name, one)
                    left.append((one, one))
        return [name for name in seen if name in self._active]

    def _key(self, index: int, node: str | int) -> Hashable:
        """Return the key of a name. A name that is local to a scope has a key of its own."""
        scope = self._scopes[index]
        is_own = isinstance(node, int) or (scope.name and node not in scope.free)
        return (index, node) if is_own else node

    def _join(self, one: Hashable, other: Hashable) -> None:
        if not {one, other} & self._apart:
            self._parents.setdefault(one, one)
            self._parents.setdefault(other, other)
            self._parents[self._root(one)] = self._root(other)

    def _root(self, node: Hashable) -> Hashable:
        while (parent := self._parents.get(node, node)) != node:
            self._parents[node] = node = self._parents.get(parent, parent)
        return node


def _reaching(
    names: AbstractSet[str],
    needs: Mapping[str, AbstractSet[str]],
    *,
    within: AbstractSet[str],
) -> set[str]:
    """Return these names and all that need them, directly or not."""
    needed_by: dict[str, set[str]] = defaultdict(set)
    for name in within:
        for one in needs.get(name, ()):
            needed_by[one].add(name)
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += needed_by[name]
    return found
