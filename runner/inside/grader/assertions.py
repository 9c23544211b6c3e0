"""Prepare a test's assertions for a second evaluation, with changed arguments.

`assert a == b` becomes

    assert NAME.holds(
        NAME.ready(True, lambda: [a, b]), a == b, lambda: a == b, "a == b"
    )

where `ready` is told whether the expression reads no answer. See
`runner.inside.grader.changed_arguments`.
"""

import ast
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from runner.inside.grader.changed_arguments import NAME
from runner.inside.grader.outside_changes import OutsideChanges
from runner.protocol.syntax_trees import tree_copy
from runner.protocol.test_expressions import Texts, key_of, read_in, root_of

_RAISING: Final = ("assertRaises", "assertWarns", "assertLogs", "assertNoLogs")
_FAILING: Final = frozenset(("fail", "exit", "skipTest"))
# Calls that change something: an expression with one of them is evaluated once only.
_CHANGING: Final = frozenset(
    (
        *("append", "appendleft", "extend", "insert", "remove", "clear", "sort"),
        *("reverse", "rotate", "pop", "popleft", "popitem", "update", "setdefault"),
        *("add", "discard", "fill", "put", "send", "throw", "next", "__next__"),
        *("write", "writelines", "read", "readline", "readlines", "seek", "close"),
        *("step", "backward", "zero_grad", "train", "eval", "requires_grad_", "fit"),
        *("setattr", "delattr", "exec", "input", "get_nowait", "communicate", "run"),
    )
)
# Draws of random numbers, in libraries as well.
_DRAWING: Final = frozenset(
    (
        *("shuffle", "seed", "manual_seed", "sample", "choice", "choices", "random"),
        *("rand", "randn", "randint", "randperm", "normal", "uniform", "permutation"),
        *("bernoulli", "multinomial", "integers", "standard_normal", "next", "read"),
    )
)
# Functions of libraries that change what they are given.
_CHANGING_OPERANDS: Final = frozenset(
    (
        *("heapify", "heappop", "heappush", "heappushpop", "heapreplace", "insort"),
        *("insort_left", "insort_right", "copyto", "place", "put", "putmask"),
        *("fill_diagonal", "put_along_axis", "setattr", "consume"),
    )
)
_CHANGING_STATEMENTS: Final = frozenset(("load_state_dict", "shuffle"))
# These read or run what stands around them, which a function of its own would hide.
_READING_AROUND: Final = frozenset(("super", "locals", "vars", "dir"))
_RUNNING_TEXT: Final = frozenset(("eval", "exec"))
_MODES: Final = frozenset(("train", "eval"))
_LONGEST: Final = 200


class Assertions(ast.NodeTransformer):
    """Prepares the assertions of one piece of tests.

    `outside` are the tests' own functions that change something. `is_own` says whether
    an expression reads no answer of the notebook's code.
    `checks` are the functions whose return value counts. In a doctest (`shows`), each
    line's value counts, too. `functions` are the outermost functions with assertions,
    "" for code outside of functions.
    """

    def __init__(
        self,
        texts: Texts,
        outside: OutsideChanges,
        is_own: Callable[[ast.AST], bool],
        checks: Collection[str] = (),
        *,
        shows: bool = False,
    ) -> None:
        self._texts = texts
        self._outside = outside
        self._is_own = is_own
        self._checks = checks
        self._shows = shows
        self._around: list[ast.AST] = []
        self.functions: set[str] = set()

    # --- Statements -----------------------------------------------------------------

    def _inside(self, node: ast.AST) -> ast.AST:
        self._around.append(node)
        try:
            return self.generic_visit(node)
        finally:
            self._around.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _inside  # noqa: N815

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        node.test = self._conjunction(node.test)
        return node

    def visit_Expr(self, node: ast.Expr) -> Any:
        if self._is_assertion(node.value):
            node.value = self._again("passes", node.value)
        elif self._shows and not self._around:
            node.value = self._again("shows", node.value)
        elif isinstance(node.value, ast.Call):
            return self._called(node, node.value)
        return node

    def _called(self, node: ast.Expr, call: ast.Call) -> Any:
        """Add notes around a call whose value is not used: it may change a value."""
        is_librarys = root_of(call.func) in self._texts.libraries
        # A function of the notebook's may have such a name: `train(net)`.
        changed = call.args[:1] if is_librarys else _receiver_of(call)
        if not _is_changing(call):
            changed = []
        is_mode = getattr(call.func, "attr", "") in _MODES
        is_notebooks = bool(call.args) and not is_librarys
        noted = self._noted(node, changed, is_mode=is_mode, is_call=is_notebooks)
        if is_notebooks and isinstance(noted, list):
            begins = ast.copy_location(ast.Expr(call_of("begins")), node)
            return [begins, *noted]
        return noted

    def visit_Return(self, node: ast.Return) -> ast.AST:
        name = getattr(self._around[0], "name", "") if len(self._around) == 1 else ""
        if node.value is not None and name in self._checks:
            node.value = self._conjunction(node.value, "returns")
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        if node.body and _is_failing(node.body[-1]):
            node.test = self._again("fails", node.test)
        return self.generic_visit(node)

    def _touching(self, node: ast.Assign | ast.AugAssign | ast.Delete) -> Any:
        """Add a note after a statement that changes the inside of a test's value."""
        targets = node.targets if hasattr(node, "targets") else [node.target]
        return self._noted(
            node,
            [
                one.value
                for one in targets
                if isinstance(one, ast.Subscript | ast.Attribute)
            ],
        )

    def _noted(
        self,
        node: ast.stmt,
        changed: Iterable[ast.expr],
        *,
        is_mode: bool = False,
        is_call: bool = False,
    ) -> Any:
        """Return the statement with a note that it changes the test's own values.

        A part may belong to a value that has changed. So it is noted with the values
        that it is read from.
        """
        if self._around and isinstance(self._around[-1], ast.ClassDef):
            return node
        parts = [part for one in changed for part in self._read_from(one)]
        if not parts and not is_call:
            return node
        reads = [function_of(tree_copy(one)) for one in parts]
        note = ast.Expr(call_of("touched", ast.Constant(is_mode), *reads))
        return [node, ast.copy_location(note, node)]

    def _read_from(self, node: ast.expr) -> list[ast.expr]:
        """Return the test's value, and what it is a part of; nothing for an answer."""
        parts: list[ast.expr] = []
        while True:
            match node:
                case _ if key_of(node):
                    return [*parts, node] if self._is_tests(key_of(node)) else []
                case ast.Attribute(value=inner) | ast.Subscript(value=inner):
                    parts.append(node)
                    node = inner
                case _:
                    return []

    def _is_tests(self, name: str) -> bool:
        return name.startswith("self.") or self._texts.is_known(name)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        last = node.body[-1] if node.body else None
        self.generic_visit(node)
        if not self._shows and last in node.body:
            # A note after the last statement would be taken for the check's value.
            del node.body[node.body.index(last) + 1 :]
        return node

    visit_Assign = visit_AugAssign = visit_Delete = _touching  # noqa: N815

    def _conjunction(self, node: ast.expr, how: str = "holds") -> ast.expr:
        """Prepare each side of an `and`: one of them may call the notebook's code."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            node.values = [self._conjunction(one, how) for one in node.values]
            return node
        return self._again(how, node)

    # --- Expressions ------------------------------------------------------------------

    def _again(self, how: str, node: ast.expr) -> ast.expr:
        """Return a call that may evaluate the expression again, or the node as it is."""
        is_in_class = bool(self._around) and isinstance(self._around[-1], ast.ClassDef)
        if is_in_class or not self._is_repeatable(node):
            return node
        self.functions.add(getattr(self._around[0], "name", "") if self._around else "")
        ready = call_of("ready", ast.Constant(self._is_own(node)), self._read(node))
        text = ast.Constant(ast.unparse(node)[:_LONGEST])
        if how == "passes":  # an error tells that it does not hold
            call = call_of(how, ready, function_of(node), text)
        else:
            again = function_of(tree_copy(node))
            call = call_of(how, ready, node, again, text)
        return ast.copy_location(call, node)

    def _read(self, node: ast.expr) -> ast.Lambda:
        """Return the source of a function that gives the values of the test's names.

        Its own functions are among them, since they read values, too.
        """
        names = sorted({one for one in read_in(node) if self._is_value(one)})
        values = [ast.parse(name, mode="eval").body for name in names]
        return function_of(ast.List(elts=values, ctx=ast.Load()))

    def _is_value(self, name: str) -> bool:
        is_own = self._texts.is_bound(name) or name in self._texts.functions
        return name.startswith("self.") or is_own

    def _is_repeatable(self, node: ast.expr) -> bool:
        """Return whether the expression reads names, and changes and asks nothing."""
        parts = list(ast.walk(node))
        if any(
            isinstance(one, ast.NamedExpr | ast.Yield | ast.YieldFrom | ast.Await)
            for one in parts
        ):
            return False
        calls = [one for one in parts if isinstance(one, ast.Call)]
        if any(map(_reads_around, calls)) or self._outside.are_in(node):
            return False
        return any(map(key_of, parts)) and all(map(self._is_calm, calls))

    def _is_calm(self, call: ast.Call) -> bool:
        """Return whether the call changes nothing and may be one of the test's own."""
        root = root_of(call.func)
        name = getattr(call.func, "attr", "") or root
        if name in _DRAWING:
            return False
        if root in self._texts.libraries:
            return name not in _CHANGING_OPERANDS
        if is_changing_method(call):
            return False
        is_bare = isinstance(call.func, ast.Name)
        return not is_bare or self._texts.is_known(name)

    def _is_assertion(self, node: ast.expr) -> bool:
        """Return whether the call raises if an assertion does not hold."""
        match node:
            case ast.Call(func=called) if self._texts.is_helper(called):
                return True
            case ast.Call(func=ast.Attribute(attr=name) as called):
                is_ours = name != "assert_" and bool(root_of(called))
            case ast.Call(func=ast.Name(id=name)):
                is_ours = name.startswith("assert_") and name in self._texts.libraries
            case _:
                return False
        return is_ours and name.startswith("assert") and not name.startswith(_RAISING)


def is_changing_method(call: ast.Call) -> bool:
    """Return whether the called method's name says that it changes its object."""
    name = getattr(call.func, "attr", "") or root_of(call.func)
    return name in _CHANGING or (name.endswith("_") and not name.endswith("__"))


def _is_changing(call: ast.Call) -> bool:
    """Return whether a statement of this call changes its object or first argument."""
    name = getattr(call.func, "attr", "") or root_of(call.func)
    is_listed = name in _CHANGING_OPERANDS or name in _CHANGING_STATEMENTS
    return is_listed or is_changing_method(call)


def _receiver_of(call: ast.Call) -> list[ast.expr]:
    """Return the object whose method is called, if any."""
    return [call.func.value] if isinstance(call.func, ast.Attribute) else []


def _reads_around(call: ast.Call) -> bool:
    name = getattr(call.func, "id", "")
    is_bare = not call.args and not call.keywords
    return name in _RUNNING_TEXT or (name in _READING_AROUND and is_bare)


def call_of(method: str, *arguments: ast.expr) -> ast.Call:
    """Return the source of a call of a method of `Arguments`."""
    arguments_here = ast.Name(id=NAME, ctx=ast.Load())
    function = ast.Attribute(value=arguments_here, attr=method, ctx=ast.Load())
    return ast.Call(func=function, args=list(arguments), keywords=[])


def function_of(body: ast.expr) -> ast.Lambda:
    """Return the source of a function without parameters."""
    nothing = ast.arguments(
        posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    return ast.Lambda(args=nothing, body=body)


def _is_failing(node: ast.stmt) -> bool:
    """Return whether the statement makes the check fail."""
    match node:
        case ast.Raise() | ast.Assert(test=ast.Constant(value=False | 0)):
            return True
        case ast.Return(value=ast.Constant(value=False | 0)):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name))):
            return name in _FAILING
    return False
