"""Follow a notebook's code to find which files it reads and writes, without running it.

Cells are followed from top to bottom, as they run. A branch that the forced parameters
rule out is skipped, and a function is followed where it is called. This is an estimate,
for warnings only.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import Final

from formats.notebook.cell_syntax import last_name, parts_of
from formats.notebook.code_values import Names, Scope, Value, first_name
from formats.notebook.file_accesses import ALWAYS, Access, Accesses, BranchSide, Import
from formats.notebook.file_calls import FileCall, file_calls
from formats.notebook.import_faults import expects_failure
from formats.notebook.known_functions import (
    Function,
    KnownFunction,
    OwnNames,
    arguments_of,
)
from formats.notebook.steps import NoStepsLeftError, Steps
from runner.protocol.jobs import Scalar

# The most levels of calls that are followed, and of branches that are distinguished.
MAX_DEPTH: Final = 6
MAX_ARMS: Final = 10
_ENDS: Final = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_NAMES_ALONE: Final = (ast.Global, ast.Nonlocal)


class CodeFollower:
    """Follows the cells of a notebook, in their order."""

    def __init__(self, forced: Mapping[str, Scalar]) -> None:
        self.found = Accesses()
        self._steps = Steps()
        self._names = Names(forced, self._steps)
        self._own = OwnNames(self._steps)
        self._functions: dict[str, KnownFunction] = {}
        self._all: list[KnownFunction] = []
        self._modules: set[str] = set()
        self._cells: list[int] = []
        self._following: list[KnownFunction] = []
        self._time = 0
        # True while a function is followed that a library may have called at any time.
        self._is_hook = False
        # Above 0 in code that may run more than once. Then both sides of a branch may
        # run.
        self._repeats = 0
        self._arm: BranchSide | None = None
        self._branches = count(1)
        self._sides_unsure = 0
        # True in code that goes on after an import that fails.
        self._is_ready = self._is_method = False

    def follow(self, tree: ast.Module, cell: int) -> None:
        """Follow the code of a cell. `cell` is its place in the notebook."""
        self._cells, self._time = [cell], self._time + 1
        with self._while_steps_last():
            self._block(tree.body)

    def note_written(self, path: str, cell: int) -> None:
        """Note a file that a cell writes by other means than Python."""
        self._cells, self._time = [cell], self._time + 1
        self._note(FileCall(path=path, is_write=True))

    def finish(self) -> Accesses:
        """Follow the functions that were never called, and return all findings.

        Other code may call these functions. Libraries call methods and decorated
        functions, so a file that such a function writes may exist at any time.
        """
        self._time += 1
        # The list grows while it is read: functions inside followed functions are
        # added.
        for known in self._all:
            if not known.was_followed:
                self._cells, self._is_hook = [known.cell], known.is_hook
                with self._repeated(), suppress(RecursionError):
                    self._call(known, None)
        return self.found

    @contextmanager
    def _while_steps_last(self) -> Iterator[None]:
        try:
            yield
        except NoStepsLeftError:
            self.found.is_complete = False

    # --- Notes -------------------------------------------------------------------

    def _note(self, call: FileCall) -> None:
        is_made = call.is_write or call.is_guard
        at_any_time = call.is_guard or (call.is_write and self._is_hook)
        access = Access(
            path=call.path,
            cell=self._cells[0],
            cells=frozenset(self._cells),
            time=ALWAYS if at_any_time else self._time,
            arm=None if at_any_time else self._arm,
            is_mapped=call.is_mapped,
        )
        if is_made:
            self.found.writes.setdefault(call.path, []).append(access)
            return
        if call.is_mapped is not None:
            self.found.loads.append(access)
        if call.path:
            self.found.reads.append(access)

    @contextmanager
    def _repeated(self) -> Iterator[None]:
        """Follow code that may run more than once."""
        self._repeats += 1
        self._names.doubt += 1
        try:
            yield
        finally:
            self._repeats -= 1
            self._names.doubt -= 1

    @contextmanager
    def _side(self, branch: int, side: int) -> Iterator[None]:
        """Follow code that runs on one side of a branch, if at all."""
        outer = self._arm
        depth = outer.depth + 1 if outer is not None else 0
        if not self._repeats and depth < MAX_ARMS:
            self._arm = BranchSide(branch, side, outer, depth)
        self._sides_unsure += 1
        try:
            yield
        finally:
            self._arm = outer
            self._sides_unsure -= 1

    # --- Statements --------------------------------------------------------------

    def _block(self, body: Sequence[ast.stmt]) -> bool:
        """Follow the statements and return whether nothing below them runs."""
        return any(self._statement(statement) for statement in body)

    def _statement(self, node: ast.stmt) -> bool:
        self._steps.spend()
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                return self._if(
                    test, lambda: self._block(body), lambda: self._block(orelse)
                )
            case ast.With() | ast.AsyncWith():
                return self._with(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._define_function(node)
            case ast.ClassDef():
                self._define_class(node)
            case ast.For() | ast.AsyncFor() | ast.While():
                self._loop(node)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Match(subject=subject, cases=cases):
                self._match(subject, cases)
            case _:
                self._children(node)
                self._bind_all(node)
        return isinstance(node, _ENDS)

    def _bind_all(self, node: ast.stmt) -> None:
        """Make the bindings of a statement that has no body."""
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value)
            case ast.AnnAssign(target=target, value=value):
                self._bind(target, value)
            case ast.AugAssign(target=target):
                self._bind(target, None)
            case ast.Import(names=names):
                self._import(names, [each.name for each in names])
            case ast.ImportFrom(names=names, module=module, level=level):
                self._import(names, [module] if module and not level else [])

    def _import(self, names: Sequence[ast.alias], modules: Sequence[str]) -> None:
        self._steps.spend(len(names))
        for module in () if self._is_ready else modules:
            found = Import(
                package=module.partition(".")[0],
                cell=self._cells[0],
                cells=frozenset(self._cells),
            )
            self.found.imports.append(found)
        for each in names:
            name = each.asname or each.name.partition(".")[0]
            self._modules.add(name)
            self._names.bind(name, None)

    def _with(self, node: ast.With | ast.AsyncWith) -> bool:
        for item in node.items:
            self._expression(item.context_expr)
            self._bind(item.optional_vars, None)
        return self._block(node.body)

    def _bind(self, target: ast.expr | None, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            found = self._names.constant(value) if value is not None else None
            if found is not None and (self._sides_unsure or self._names.doubt):
                found = Value(value=found.value, is_sure=False)
            self._names.bind(target.id, found)
            return
        for node in self._steps.each(ast.walk(target)) if target is not None else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._names.bind(node.id, None)

    def _if(
        self, test: ast.expr, body: Callable[[], bool], orelse: Callable[[], bool]
    ) -> bool:
        self._expression(test)
        holds = self._names.truth(test)
        if holds is not None:
            return body() if holds else orelse()
        branch = next(self._branches)
        with self._side(branch, 0):
            one = body()
        with self._side(branch, 1):
            other = orelse()
        return one and other

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        if isinstance(node, ast.While):
            if self._names.truth(node.test) is False:
                return
        else:
            self._expression(node.iter)
        with self._repeated():
            if isinstance(node, ast.While):
                self._expression(node.test)
            else:
                self._bind(node.target, None)
            self._block(node.body)
        self._block(node.orelse)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        # A handler may make a file that the body did not find.
        is_ready, self._is_ready = (
            self._is_ready,
            any(expects_failure(each, self._steps) for each in node.handlers),
        )
        with self._repeated():
            try:
                self._block(node.body)
            finally:
                self._is_ready = is_ready
            for handler in node.handlers:
                self._block(handler.body)
            self._block(node.orelse)
            self._block(node.finalbody)

    def _match(self, subject: ast.expr, cases: Sequence[ast.match_case]) -> None:
        self._expression(subject)
        branch = next(self._branches)
        for side, case in enumerate(cases):
            with self._side(branch, side):
                for node in self._steps.each(ast.walk(case.pattern)):
                    if isinstance(name := getattr(node, "name", None), str):
                        self._names.bind(name, None)
                self._block(case.body)

    # --- Expressions -------------------------------------------------------------

    def _expression(self, node: ast.expr) -> None:
        self._steps.spend()
        # The most frequent kinds come first.
        match node:
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                self._refer(node)
            case ast.Call():
                self._follow_call(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self._if(test, lambda: self._inside(body), lambda: self._inside(orelse))
            case ast.BoolOp(op=op, values=values):
                self._bool_op(op, values)
            case ast.Lambda(body=body):
                with self._repeated():
                    self._expression(body)
            case ast.NamedExpr(target=target, value=value):
                self._expression(value)
                self._bind(target, value)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                with self._repeated():
                    self._children(node)
            case _:
                self._children(node)

    def _inside(self, node: ast.expr) -> bool:
        self._expression(node)
        return False

    def _children(self, node: ast.AST) -> None:
        for child in () if isinstance(node, _NAMES_ALONE) else parts_of(node):
            if isinstance(child, ast.expr):
                self._expression(child)
            elif isinstance(child, ast.keyword | ast.comprehension):
                self._steps.spend()
                self._children(child)

    def _bool_op(self, op: ast.boolop, values: Sequence[ast.expr]) -> None:
        """Follow the parts up to the first one that surely decides the result."""
        for value in values:
            self._expression(value)
            if self._names.truth(value) is isinstance(op, ast.Or):
                return

    # --- Functions ---------------------------------------------------------------

    def _define_function(self, node: Function) -> None:
        for part in (*node.decorator_list, *node.args.defaults):
            self._expression(part)
        is_static = any(
            last_name(each) == "staticmethod" for each in node.decorator_list
        )
        is_method = self._is_method and not is_static
        known = KnownFunction(node, self._cells[-1], is_method, self._own.of(node))
        self._functions[node.name] = known
        self._all.append(known)
        self._names.bind(node.name, None)

    def _define_class(self, node: ast.ClassDef) -> None:
        outer, self._is_method = self._is_method, True
        self._names.scopes.append(Scope(own=self._own.of(node)))
        try:
            self._block(node.body)
        finally:
            self._is_method = outer
            self._names.scopes.pop()
        made = self._functions.get("__init__")
        if made is not None and made.node in node.body:
            self._functions[node.name] = made

    def _refer(self, node: ast.Name | ast.Attribute) -> None:
        """Follow a function that is passed on: it may be called at any later time."""
        if isinstance(node, ast.Attribute):
            self._expression(node.value)
        known = self._function(node)
        if known is not None and not known.was_followed:
            with self._repeated():
                self._call(known, None)

    def _follow_call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            self._expression(node.func.value)
        elif not isinstance(node.func, ast.Name):
            self._expression(node.func)
        for part in (*node.args, *(each.value for each in node.keywords)):
            self._expression(part)
        known = self._function(node.func)
        if known is not None:
            self._call(known, node)
        else:
            for call in file_calls(node, self._names):
                self._note(call)

    def _function(self, node: ast.expr) -> KnownFunction | None:
        """Return the notebook's function of this name, unless it is being followed."""
        known = self._functions.get(last_name(node))
        if known is None or known in self._following:
            return None
        is_method = isinstance(node, ast.Attribute)
        if is_method and (not known.is_method or first_name(node) in self._modules):
            return None
        return known

    def _call(self, known: KnownFunction, call: ast.Call | None) -> None:
        if len(self._following) >= MAX_DEPTH:
            return
        known.was_followed = True
        if self._following:
            self._follow_into(known, call)
        else:  # code outside is read even if functions take too long
            with self._while_steps_last(), self._steps.within():
                self._follow_into(known, call)

    def _follow_into(self, known: KnownFunction, call: ast.Call | None) -> None:
        self._steps.spend()
        values = arguments_of(known, call, self._names, self._steps)
        self._names.scopes.append(Scope(values=values, own=known.own))
        self._following.append(known)
        self._cells.append(known.cell)
        is_method, self._is_method = self._is_method, False
        try:
            self._block(known.node.body)
        finally:
            self._is_method = is_method
            self._cells.pop()
            self._following.pop()
            self._names.scopes.pop()
