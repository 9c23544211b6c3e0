"""Track which names code has certainly bound at some point, and which it read first."""

import ast
from collections.abc import Iterable
from typing import Final

from formats.importing.lookups import LookUp, LookUpKind, LookUps, main_names, words_of
from formats.importing.scopes import Kind, Scope, deleted_by_functions, deleted_in

# The names that are bound. None where no code runs any more.
State = set[str] | None
# These libraries may call a function of the test without naming it.
_CALL_BY_NAME: Final = frozenset({"unittest", "doctest", "pytest"})


class Facts:
    """The facts about some code as a whole, and the findings about it so far."""

    def __init__(self, tree: ast.Module) -> None:
        self.look_ups = LookUps(main_names(tree))
        self.words = words_of(tree)
        # A name that is deleted somewhere is certainly bound only in code that runs in
        # order, not in a function that is called later.
        self.deleted = deleted_in(tree)
        self.never = deleted_by_functions(tree)
        self.mentioned: set[str] = set()
        self.replaced: set[str] = set()
        self.is_complete = True
        self.lists = False


def join_states(states: Iterable[State]) -> State:
    """Return the names that are bound on every path that goes on."""
    reached = [state for state in states if state is not None]
    return set.intersection(*reached) if reached else None


def copy_state(state: State, *, without: Iterable[str] = ()) -> State:
    """Return a copy of a state that can be changed independently."""
    return None if state is None else state.difference(without)


class Bindings:
    """The names that are bound so far, and those that were read before that.

    `needs` maps each name by which a function may be called to the names that the
    function reads.
    """

    def __init__(self, facts: Facts, scopes: tuple[Scope, ...] = ()) -> None:
        self.facts = facts
        self.scopes = scopes
        self.bound: State = set()
        self.found: set[str] = set()
        self.needs: dict[str, set[str]] = {}
        # True in a function that is only defined here and may be called at any later
        # time.
        self.is_later = False

    def read(self, name: str) -> None:
        """Note that the code reads a name, by Python's scope rules."""
        is_pythons = name.startswith("__") and name.endswith("__")
        if self.bound is not None and not is_pythons and not self.is_own(name):
            self.read_global(name)

    def read_global(self, name: str) -> None:
        """Note that the code reads a name at the top level, ignoring local names."""
        if not self.is_bound(name):
            self.found.add(name)
        self.name_functions([name])

    def is_bound(self, name: str) -> bool:
        """Return whether a top-level name is certainly bound, or no code runs here."""
        is_sure = not (self.is_later and name in self.facts.deleted)
        return self.bound is None or (name in self.bound and is_sure)

    def is_own(self, name: str) -> bool:
        """Return whether the name is certainly local to a function or a class body."""
        last = len(self.scopes) - 1
        for depth in range(last, -1, -1):
            scope = self.scopes[depth]
            if name in scope.declared:
                return False
            if scope.kind is not Kind.CLASS and name in scope.names:
                return True
            # Functions in a class body cannot see its names.
            is_inmost_class = scope.kind is Kind.CLASS and depth == last
            if is_inmost_class and self.bound and key_of(depth, name) in self.bound:
                return True
        return False

    def bind(self, name: str) -> None:
        """Note that the name is bound from here on."""
        key = self.place(name)
        if key and self.bound is not None and key not in self.facts.never:
            self.bound.add(key)

    def unbind(self, name: str) -> None:
        """Note that the name is deleted, or the notebook's if the test has none."""
        key = self.place(name)
        if key and self.bound is not None:
            if key not in self.bound:
                self.facts.replaced.add(name)
            self.bound.discard(key)

    def place(self, name: str) -> str:
        """Return the key of a name that is bound here, or "" for a function's local."""
        for depth in range(len(self.scopes) - 1, -1, -1):
            scope = self.scopes[depth]
            if name in scope.declared:
                return name
            if scope.kind is Kind.CLASS:
                return key_of(depth, name)
            if name in scope.names or scope.kind is Kind.FUNCTION:
                return ""
        return name

    def leave_class(self) -> None:
        """Forget the names of the class body that ends here."""
        depth = len(self.scopes) - 1
        if self.bound is not None:
            kept = (each for each in self.bound if not each.startswith(f"{depth}:"))
            self.bound = set(kept)
        self.scopes = self.scopes[:-1]

    def name_functions(self, names: Iterable[str]) -> None:
        """Read the names needed by functions that may be called from here on."""
        waiting, seen = list(names), set(names)
        if not seen.isdisjoint(_CALL_BY_NAME):
            waiting += self.needs
        while waiting:
            for need in self.needs.get(waiting.pop(), ()):
                if need in self.facts.deleted or not self.is_bound(need):
                    self.found.add(need)
                if need not in seen:
                    seen.add(need)
                    waiting.append(need)

    def name_all_functions(self) -> None:
        """Read the names needed by all functions, also by those that no code names."""
        if self.bound is not None:
            self.name_functions(list(self.needs))

    def look_up(self, node: ast.AST) -> None:
        """Note the names that a node looks up by a text."""
        is_local = any(each.kind is Kind.FUNCTION for each in self.scopes)
        for each in self.facts.look_ups.of(node, has_all=not is_local):
            if self.bound is not None:
                self._note(each)

    def _note(self, found: LookUp) -> None:
        match found.kind:
            case LookUpKind.READ:
                self.read_global(found.name)
            case LookUpKind.REPLACE:
                self.facts.replaced.add(found.name)
            case LookUpKind.MENTION:
                if not self.is_own(found.name) and not self.is_bound(found.name):
                    self.facts.mentioned.add(found.name)
            case LookUpKind.UNKNOWN | LookUpKind.LIST:
                self.facts.is_complete = False
                self.facts.lists |= found.kind is LookUpKind.LIST
                words = {word for word in self.facts.words if not self.is_bound(word)}
                self.facts.mentioned |= words


def key_of(depth: int, name: str) -> str:
    """Return the key of a name that a class body binds."""
    return f"{depth}:{name}"
