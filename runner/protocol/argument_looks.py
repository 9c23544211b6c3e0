"""Find where a test looks at a value that it has given to the notebook's code.

`a = [3, 1, 2]; my_sort(a); assert a == [3, 1, 2]` asks whether `my_sort` leaves its
argument alone. What a test gives is a copy, so the grader must ask for it. A comparison
with an answer that the same call or a later one has given (`out == sorted(a)`) is no
such look: there a copy is what the test means.

The same walk notes whether a test compares two readings of one object
(`list(loader) == list(loader)`).
"""

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from runner.protocol.comparisons import (
    ASSERTING,
    Leaf,
    bodies_of,
    compares,
    denies,
    leaves_of,
    sides_of,
)
from runner.protocol.test_names import Function, key_of, names_in
from runner.protocol.told_values import Giving, State, Values

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
# Methods of which a line makes use for what they do.
_EFFECTS: Final = frozenset(
    (
        *("add", "append", "backward", "clear", "discard", "extend", "fill_"),
        *("insert", "pop", "popitem", "remove", "reverse", "setdefault"),
        *("shuffle", "sort", "step", "update", "zero_", "zero_grad"),
    )
)
_DENYING: Final = frozenset(("assertFalse", "assertIsNone"))
_ROUNDS: Final = 4


@dataclass(frozen=True)
class Look:
    """An expression that looks at values, and the calls they were given to, if known."""

    node: ast.expr
    leaves: tuple[Leaf, ...]
    givings: tuple[Giving, ...]


class Looks:
    """The looks of one piece of tests: all its trees, in the order in which they run.

    A doctest runs one tree after the other (`follow`), each after the ones before, and
    shows the value of a line that is an expression (`shows_lines`).
    """

    def __init__(
        self,
        trees: Sequence[ast.AST],
        *,
        libraries: Collection[str],
        defined: Collection[str] = (),
        checks: Collection[str] = (),
        shows_lines: bool = False,
    ) -> None:
        self._names = names_in(
            trees, libraries=libraries, defined=defined, checks=checks
        )
        self._shows_lines = shows_lines
        self._values = Values(self._names)
        self._walk = _Walk(self._values, shows_lines=shows_lines)
        self._learn(trees)
        self.found = [look for tree in trees for look in self._walk.follow(tree)]
        self.in_functions = dict(self._walk.in_functions)
        self.compares_readings = set(self._walk.comparing)
        self._begin()

    def _learn(self, trees: Sequence[ast.AST]) -> None:
        """Find which of the tests' own functions ask the notebook, and with what."""
        known = -1
        for _ in range(_ROUNDS if self._names.functions else 0):
            values = self._values
            size = len(values.asking) + len(values.told) + len(values.attributes)
            if size == known:
                return
            known = size
            for tree in trees:
                self._walk.follow(tree)
            self._begin()

    def _begin(self) -> None:
        values = Values(self._names)
        values.asking, values.told = self._values.asking, self._values.told
        values.attributes = self._values.attributes
        self._values = values
        self._walk = _Walk(values, shows_lines=self._shows_lines)

    def follow(self, tree: ast.AST) -> list[Look]:
        """Return the looks of the tree that runs next."""
        return self._walk.follow(tree)

    def are_in(self, check: str) -> bool:
        """Return whether a look may run in this check: in it or in a helper."""
        return any(self._may_run(name, check) for name in self.in_functions)

    def are_readings_compared_in(self, check: str) -> bool:
        """Return whether two readings may be compared in this check."""
        return any(self._may_run(name, check) for name in self.compares_readings)

    def _may_run(self, function: str, check: str) -> bool:
        return function == check or function not in self._names.checks


class _Walk:
    """Follows the statements of a test. A function's body is followed at the end."""

    def __init__(self, values: Values, *, shows_lines: bool) -> None:
        self._values = values
        self._shows_lines = shows_lines
        # Whether the present assertion says that something does not hold.
        self._is_denied = False
        self._looks: list[Look] = []
        # The functions whose bodies are left to follow, each with its outermost one.
        self._later: list[tuple[Function, str]] = []
        # The outermost function that the present statement stands in, or "".
        self._function = ""
        self.in_functions: Counter[str] = Counter()
        self.comparing: set[str] = set()

    @property
    def _state(self) -> State:
        return self._values.state

    def follow(self, tree: ast.AST) -> list[Look]:
        """Return the looks in a module, or in an interactive line."""
        self._looks = []
        self._statements(getattr(tree, "body", []))
        while self._later:
            later, self._later = self._later, []
            outer, state = self._state, self._state.copy()
            for function, outermost in later:
                self._values.state = state.copy()
                self._values.depth = 0
                self._function = outermost
                self._values.enter(function)
                self._statements(function.body)
                self._note_asking(function)
            self._values.state, self._function = outer, ""
        return self._looks

    def _note_asking(self, function: Function) -> None:
        calls = (one for one in ast.walk(function) if isinstance(one, ast.Call))
        if any(map(self._values.asks, calls)):
            self._values.asking.add(function.name)

    # --- Statements -----------------------------------------------------------------

    def _statements(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self._values.now += 1
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._later.append((node, self._function or node.name))
            case ast.ClassDef(body=body):
                self._statements(body)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                self._assignment(node)
            case ast.Assert(test=test):
                self._assertion(test)
                self._values.follow_calls(test)
            case ast.Expr(value=value):
                self._line(value)
            case _:
                self._block(node)

    def _assignment(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        if node.value is None:
            return
        self._expression(node.value)
        if isinstance(node, ast.AugAssign):
            self._values.add(key_of(node.target), node.value)
            return
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            self._values.bind(target, node.value, each=False)

    def _block(self, node: ast.stmt) -> None:
        """Follow a statement that has statements in it, or any other one."""
        is_loop = isinstance(node, ast.For | ast.AsyncFor | ast.While)
        if isinstance(node, ast.For | ast.AsyncFor):
            self._expression(node.iter)
            self._values.bind_item(node.target, node.iter)
        elif isinstance(node, ast.With | ast.AsyncWith):
            self._contexts(node.items)
        else:
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.expr):
                    self._expression(part)
        self._values.depth += is_loop
        for body in bodies_of(node):
            self._statements(body)
        self._values.depth -= is_loop

    def _contexts(self, items: Sequence[ast.withitem]) -> None:
        for each in items:
            self._expression(each.context_expr)
            if each.optional_vars is not None:
                self._values.bind(each.optional_vars, each.context_expr, each=False)

    def _expression(self, node: ast.expr) -> None:
        self._find(node)
        self._values.follow_calls(node)

    def _line(self, node: ast.expr) -> None:
        """Follow an expression that is a statement: an assertion, or a doctest's line."""
        is_found = self._find(node)
        if not is_found and self._shows_lines and not self._is_effect(node):
            self._note(node)
        elif not is_found:
            self._note_readings(node)
        self._values.follow_calls(node)

    def _is_effect(self, node: ast.expr) -> bool:
        """Return whether the line is there for what it does: `a.append(3)`, `f(a)`."""
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name in _EFFECTS:
                return True
            case ast.Call(func=ast.Name(id="print")):
                return False
        return self._values.time_of(node) is not None

    # --- Looks ------------------------------------------------------------------------

    def _assertion(self, node: ast.expr) -> None:
        match node:
            case ast.BoolOp(values=values):
                for one in values:
                    self._assertion(one)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self._is_denied = not self._is_denied
                self._assertion(operand)
                self._is_denied = not self._is_denied
            case _:
                if not self._find(node):
                    self._note(node)

    def _find(self, node: ast.AST) -> bool:
        """Note the comparisons in the expression. Return whether there are any."""
        if isinstance(node, ast.expr) and compares(node):
            self._note(node)
            return True
        match node:
            case ast.Call(func=ast.Attribute(attr=name), args=args) if (
                name in ASSERTING
            ):
                self._is_denied = name in _DENYING
                for one in args[:1]:
                    self._assertion(one)
                self._is_denied = False
                return True
        if isinstance(node, Comprehension):
            return self._comprehension(node)
        found = [self._find(one) for one in ast.iter_child_nodes(node)]
        return any(found)

    def _comprehension(self, node: Comprehension) -> bool:
        kept = self._state
        self._values.state = kept.copy()
        for each in node.generators:
            self._values.bind_item(each.target, each.iter)
        self._values.depth += 1
        found = [self._find(one) for one in ast.iter_child_nodes(node)]
        self._values.depth -= 1
        self._values.state = kept
        return any(found)

    def _note(self, node: ast.expr) -> None:
        """Note a look, if it is one at a value that may have been given."""
        self._note_readings(node)
        leaves: list[Leaf] = []
        givings: list[Giving] = []
        for side in sides_of(node):
            read = dict.fromkeys(leaves_of(side))
            is_denied = self._is_denied or denies(node)
            time = self._values.time_of(side)
            parts = [one for one in read if one.path and self._is_answer(one.name)]
            if is_denied and not parts:
                # An answer that differs from the argument is a new value.
                time = None if time is None else -1.0
            for leaf in read:
                found = self._with_sources(leaf)
                leaves += [one for one in found if self._is_seen(one, time)]
        for leaf in leaves:
            givings += self._state.givings.get(leaf.name, [])
        if leaves:
            self._looks.append(Look(node, tuple(leaves), tuple(givings)))
            self.in_functions[self._function] += 1

    def _is_answer(self, name: str) -> bool:
        return self._values.time_of_name(name) is not None

    def _is_seen(self, leaf: Leaf, time: float | None) -> bool:
        """Return whether the name's value is looked at, and not compared with an answer."""
        name, names = leaf.name, self._values.names
        if not ("." in name or name in names.bound) and not self._values.is_notebook(
            name
        ):
            return False
        if name.removeprefix("self.") in names.functions or name == "self":
            return False
        given = self._state.given.get(name)
        if self._values.is_notebook(name) and given is None:
            return False
        return time is None or (given is not None and given > time)

    def _with_sources(self, leaf: Leaf) -> Iterator[Leaf]:
        """Yield the leaf, and the values that it was made from after they were given."""
        waiting, met = [leaf], {leaf.name}
        while waiting:
            one = waiting.pop()
            yield one
            time, names = self._state.sources.get(one.name, (0.0, frozenset[str]()))
            for name in names - met:
                if time > self._state.given.get(name, time):
                    met.add(name)
                    waiting.append(Leaf(name))

    def _note_readings(self, node: ast.AST) -> None:
        counts = Counter(name for name, _ in self._values.readings_of(node))
        if any(count > 1 for count in counts.values()):
            self.comparing.add(self._function)
