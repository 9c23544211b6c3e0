"""Find the names that a test takes from the notebook, because it may not bind them.

The statements are followed in order. A name is the test's own if every path to it has
bound it before. A binding in a loop, a branch, a `with` or a `try` may not have run, so
it is not certain and the name counts as the notebook's. Copying too many of the staff's
names does no harm, but a student can set a name that is not copied.

A function's body is read where the function is named, because it may be called there.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from formats.importing.bindings import Bindings, Facts, State, copy_state, join_states
from formats.importing.control_flow import (
    ends,
    has_items,
    keeps_function,
    lets_errors_through,
    matches_all,
    never_ends,
)
from formats.importing.scopes import (
    Comprehension,
    Function,
    bound_by,
    deleted_in,
    scope_of,
    scope_of_targets,
)


@dataclass(frozen=True, kw_only=True)
class Reads:
    """The names that a piece of code takes from its surroundings.

    `names` are read. `mentioned` are words of texts that are evaluated, or may be
    looked up. `replaced` are names of the notebook that are deleted, or bound by a
    look-up. `is_complete` is False if a name is looked up by a computed text,
    or if all names are listed (`lists`).
    """

    names: frozenset[str] = frozenset()
    mentioned: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()
    is_complete: bool = True
    lists: bool = False

    @property
    def all(self) -> frozenset[str]:
        """The names that are read, and those that a text may mean."""
        return self.names | self.mentioned


@lru_cache(maxsize=2048)
def reads_of(source: str) -> Reads:
    """Return the names that the code takes from outside, none if it is not Python."""
    try:
        tree = ast.parse(source)
        walk = _Walk(Bindings(Facts(tree)))
        walk.follow(tree.body)
    except (SyntaxError, ValueError):
        return Reads()
    except (RecursionError, MemoryError):
        return Reads(is_complete=False)
    walk.names.name_all_functions()
    found, facts = walk.names.found, walk.names.facts
    return Reads(
        names=frozenset(found),
        mentioned=frozenset(facts.mentioned - found),
        replaced=frozenset(facts.replaced),
        is_complete=facts.is_complete,
        lists=facts.lists,
    )


@dataclass
class _Loop:
    """The states in which a loop is left early, or goes on early."""

    broken: list[State] = field(default_factory=list)
    continued: list[State] = field(default_factory=list)


class _Walk(ast.NodeVisitor):
    """Follows the statements of a test, or of one function's body, as they run."""

    def __init__(self, names: Bindings) -> None:
        self.names = names
        self.returned: list[State] = []
        self._is_inner = bool(names.scopes)
        self._loops: list[_Loop] = []
        self._class = ""
        # The names that each function of the test binds at the top level when it is
        # called.
        self._setters: dict[str, set[str]] = {}

    def follow(self, nodes: Iterable[ast.AST | None]) -> None:
        """Follow expressions or statements that run one after the other."""
        for node in nodes:
            if node is not None:
                self.visit(node)

    def visit(self, node: ast.AST) -> None:
        """Follow a node: first its look-ups by a text, then its parts."""
        self.names.look_up(node)
        super().visit(node)
        if isinstance(node, ast.Return):
            self.returned.append(self.names.bound)
        if isinstance(node, ast.stmt) and ends(node):
            self.names.bound = None

    def _from(self, start: State, nodes: Iterable[ast.AST | None]) -> State:
        """Return the state after the nodes, if they begin in state `start`."""
        self.names.bound = copy_state(start)
        self.follow(nodes)
        return self.names.bound

    def _either(self, *ways: Iterable[ast.AST | None]) -> None:
        start = self.names.bound
        self.names.bound = join_states([self._from(start, way) for way in ways])

    # --- Definitions -----------------------------------------------------------------

    def _inside(self, node: Function | ast.Lambda) -> "_Walk":
        """Return the walk through a function's body, as in a call."""
        scopes = (*self.names.scopes, scope_of(node))
        walk = _Walk(Bindings(self.names.facts, scopes))
        walk.follow([node.body] if isinstance(node, ast.Lambda) else node.body)
        return walk

    def _define(self, name: str, walk: "_Walk", *, is_called_now: bool) -> None:
        """Keep a function's names until code refers to the function, or read them now."""
        if self.names.bound is None:
            return
        if is_called_now or self._is_inner:
            for need in walk.names.found - {name}:
                self.names.read(need)
            return
        for owner in {name, self._class} - {""}:
            self.names.needs.setdefault(owner, set()).update(walk.names.found)

    def visit_FunctionDef(self, node: Function) -> None:
        """Bind a function, and keep the names that its body reads."""
        self.visit(node.args)
        self.follow([*node.decorator_list, node.returns])
        walk = self._inside(node)
        is_called_now = not all(map(keeps_function, node.decorator_list))
        self._define(node.name, walk, is_called_now=is_called_now)
        self.names.bind(node.name)
        is_plain = not node.decorator_list and not _is_generator(node)
        is_first = node.name not in self._setters
        sets = join_states([walk.names.bound, *walk.returned]) if is_plain else None
        if not self.names.scopes:
            self._setters[node.name] = (sets or set()) if is_first else set()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - as NodeVisitor calls it

    def visit_arguments(self, node: ast.arguments) -> None:
        """Follow the parts that are evaluated when a function is defined."""
        self.follow([*node.defaults, *node.kw_defaults])
        parts = [part for part in ast.walk(node) if isinstance(part, ast.arg)]
        self.follow(part.annotation for part in parts)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Read the names that the lambda needs now, because it has no name."""
        self.visit(node.args)
        is_later, self.names.is_later = self.names.is_later, True
        for need in self._inside(node).names.found:
            self.names.read(need)
        self.names.is_later = is_later

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Follow a class's body, which runs at once with names of its own."""
        self.follow([*node.decorator_list, *node.bases])
        self.follow(each.value for each in node.keywords)
        outer, self._class = self._class, self._class or node.name
        self.names.scopes = (*self.names.scopes, scope_of(node))
        self.follow(node.body)
        self.names.leave_class()
        self._class = outer
        self.names.bind(node.name)

    # --- Expressions -----------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        """Read, bind or delete a name."""
        match node.ctx:
            case ast.Load():
                self.names.read(node.id)
            case ast.Store():
                self.names.bind(node.id)
                self._setters.setdefault(node.id, set()).clear()
            case _:
                self.names.unbind(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Follow the value before the name is bound."""
        self.follow([node.value, node.target])

    def visit_Call(self, node: ast.Call) -> None:
        """Follow a call. A function of the test may bind names at the top level."""
        self.generic_visit(node)
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        if self.names.bound is not None and called in self.names.bound:
            sets = self._setters.get(called, set())
            self.names.bound |= sets - self.names.facts.never

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """Read an `and` or `or`. Only its first operand is certainly evaluated."""
        self.visit(node.values[0])
        self._either(node.values[1:], [])

    def visit_Compare(self, node: ast.Compare) -> None:
        """Read a comparison. Only its first two operands are certainly evaluated."""
        self.follow([node.left, node.comparators[0]])
        self._either(node.comparators[1:], [])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """Read a conditional expression. One of its branches is evaluated."""
        self.visit(node.test)
        self._either([node.body], [node.orelse])

    def _comprehension(self, node: Comprehension) -> None:
        self.visit(node.generators[0].iter)
        names = self.names
        start, scopes, is_later = names.bound, names.scopes, names.is_later
        names.bound = copy_state(start)
        names.scopes = (*scopes, scope_of_targets(node))
        names.is_later = is_later or isinstance(node, ast.GeneratorExp)
        for number, each in enumerate(node.generators):
            self.follow([each.iter] if number else [])
            self.follow([each.target, *each.ifs])
        if isinstance(node, ast.DictComp):
            self.follow([node.key, node.value])
        else:
            self.visit(node.elt)
        names.bound, names.scopes, names.is_later = start, scopes, is_later

    visit_ListComp = _comprehension  # noqa: N815 - as NodeVisitor calls it
    visit_SetComp = _comprehension  # noqa: N815 - same
    visit_DictComp = _comprehension  # noqa: N815 - same
    visit_GeneratorExp = _comprehension  # noqa: N815 - same

    # --- Statements ------------------------------------------------------------------

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name in bound_by(node):
            self.names.bind(name)
            self._setters.setdefault(name, set()).clear()

    visit_Import = _import  # noqa: N815 - as NodeVisitor calls it
    visit_ImportFrom = _import  # noqa: N815 - same

    def _assign(self, targets: list[ast.expr], value: ast.expr) -> None:
        match targets:
            case [ast.Name(id=name)] if isinstance(value, ast.Lambda):
                self.visit(value.args)
                self._define(name, self._inside(value), is_called_now=False)
            case _:
                self.visit(value)
        self.follow(targets)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Follow the value before the names are bound."""
        self._assign(node.targets, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Bind the name only if it is given a value."""
        self.visit(node.annotation)
        if node.value is not None:
            self._assign([node.target], node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Read the name before it is bound again."""
        if isinstance(node.target, ast.Name):
            self.names.read(node.target.id)
        self.follow([node.value, node.target])

    def visit_If(self, node: ast.If) -> None:
        """Follow an `if`. One of its branches runs."""
        self.visit(node.test)
        self._either(node.body, node.orelse)

    def visit_Assert(self, node: ast.Assert) -> None:
        """Read an assertion. Its message is evaluated only if it fails."""
        self.visit(node.test)
        self._either([node.msg], [])

    def _leave(self, node: ast.Break | ast.Continue) -> None:
        if self._loops:
            loop = self._loops[-1]
            is_break = isinstance(node, ast.Break)
            (loop.broken if is_break else loop.continued).append(self.names.bound)
        self.names.bound = None

    visit_Break = _leave  # noqa: N815 - as NodeVisitor calls it
    visit_Continue = _leave  # noqa: N815 - same

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        """Follow a loop that may not run at all."""
        self.visit(node.iter)
        self._loop(node, [node.target], has_round=has_items(node.iter))

    visit_AsyncFor = visit_For  # noqa: N815 - same

    def visit_While(self, node: ast.While) -> None:
        """Follow a loop that may not run at all, or may never end by itself."""
        self.visit(node.test)
        self._loop(node, [], has_round=never_ends(node))

    def _loop(
        self,
        node: ast.For | ast.AsyncFor | ast.While,
        targets: list[ast.expr],
        *,
        has_round: bool,
    ) -> None:
        # A later round may begin without names that an earlier one has deleted.
        start = copy_state(self.names.bound, without=deleted_in(node))
        loop = _Loop()
        self._loops.append(loop)
        rounds = [self._from(start, [*targets, *node.body]), *loop.continued]
        self._loops.pop()
        done = join_states(rounds if has_round else [start, *rounds])
        left = None if never_ends(node) else self._from(done, node.orelse)
        self.names.bound = join_states([left, *loop.broken])

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        """Follow a body that an error may end, if a context can catch the error."""
        held: list[State] = []
        for each in node.items:
            self.visit(each.context_expr)
            before = copy_state(self.names.bound)
            self.follow([each.optional_vars])
            if not lets_errors_through(each.context_expr):
                # The name of the first context manager is bound before its body begins.
                state = before if held else self.names.bound
                held.append(copy_state(state, without=deleted_in(node)))
        self.follow(node.body)
        self.names.bound = join_states([*held, self.names.bound])

    visit_AsyncWith = visit_With  # noqa: N815 - as NodeVisitor calls it

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        """Follow a body that may end anywhere, its handlers, and its `finally`."""
        parts = [*node.body, *node.orelse]
        gone = {name for each in parts for name in deleted_in(each)}
        start = copy_state(self.names.bound)
        left = copy_state(start, without=gone)
        ways = [self._from(start, parts)]
        ways += [self._handled(left, each) for each in node.handlers]
        done = join_states(ways)
        last = self._from(left, node.finalbody)
        if last is None or left is None:
            self.names.bound = last
        elif done is not None:
            deleted = {name for each in node.finalbody for name in deleted_in(each)}
            self.names.bound = (done - deleted) | (last - left)
        else:
            self.names.bound = None

    visit_TryStar = visit_Try  # noqa: N815 - as NodeVisitor calls it

    def _handled(self, start: State, node: ast.ExceptHandler) -> State:
        self.names.bound = copy_state(start)
        self.follow([node.type])
        if node.name:
            self.names.bind(node.name)
        self.follow(node.body)
        if node.name and self.names.bound is not None:
            self.names.bound.discard(self.names.place(node.name))
        return self.names.bound

    def visit_Match(self, node: ast.Match) -> None:
        """Follow a `match`. One case runs, or none if no case certainly matches."""
        self.visit(node.subject)
        start = self.names.bound
        ways = [self._from(start, [each]) for each in node.cases]
        is_certain = any(map(matches_all, node.cases))
        self.names.bound = join_states(ways if is_certain else [*ways, start])

    def _capture(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        self.generic_visit(node)
        for name in bound_by(node):
            self.names.bind(name)

    visit_MatchAs = _capture  # noqa: N815 - as NodeVisitor calls it
    visit_MatchStar = _capture  # noqa: N815 - same
    visit_MatchMapping = _capture  # noqa: N815 - same


def _is_generator(node: ast.AST) -> bool:
    parts: Iterator[ast.AST] = ast.walk(node)
    kinds = (ast.Yield, ast.YieldFrom, ast.AsyncFunctionDef)
    return any(isinstance(part, kinds) for part in parts)
