"""Find assertions that compare two readings of one object, in the tests' text.

`runner.protocol.second_readings` says what such a comparison is. The text is read in its
order, each function by itself, and no values are followed from one function to another.
"""

import ast
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from runner.protocol.second_readings import Readings
from runner.protocol.test_expressions import (
    Function,
    Texts,
    is_roundabout,
    key_of,
    read_in,
    root_of,
)

_RAISING: Final = ("assertRaises", "assertWarns", "assertLogs", "assertNoLogs")
_COMPARING: Final = frozenset(("allclose", "eq", "equal", "equals", "isclose", "ne"))


@dataclass(frozen=True)
class Comparison:
    """An assertion that compares two readings of each of the objects named `readings`.

    `function` is the outermost function that it stands in, or "".
    """

    node: ast.expr
    readings: frozenset[str]
    function: str


def find_comparisons(
    trees: Sequence[ast.AST], texts: Texts, shown: Collection[int] = ()
) -> Iterator[Comparison]:
    """Yield the comparisons in one piece of tests.

    `shown` are the numbers of a doctest's lines that have output below.
    """
    lines = [
        (line, number in shown)
        for number, tree in enumerate(trees)
        for line in _lines(getattr(tree, "body", []))
    ]
    yield from _Body(texts, "", lines).comparisons()
    for tree in trees:
        for outermost, body in _functions(tree, ""):
            inner = [(line, False) for line in _lines(body)]
            yield from _Body(texts, outermost, inner).comparisons()


def without_answers(
    trees: Sequence[ast.AST], texts: Texts
) -> Callable[[ast.AST], bool]:
    """Return a function that says whether an expression reads no answer, as far as known.

    Answers are what the notebook's code has given. All functions are read as one text.
    """
    functions = (body for tree in trees for _, body in _functions(tree, ""))
    bodies = [*(getattr(tree, "body", []) for tree in trees), *functions]
    lines = [(line, False) for body in bodies for line in _lines(body)]
    return _Body(texts, "", lines).is_own


class _Body:
    """One function's body, or the statements outside of functions, in their order.

    A name that may hold an answer anywhere in the body counts as an answer everywhere.
    """

    def __init__(
        self, texts: Texts, function: str, lines: Sequence[tuple[ast.stmt, bool]]
    ) -> None:
        self._texts = texts
        self._function = function
        self._lines = lines
        self._bindings = [
            (place, name, values)
            for place, (line, _) in enumerate(lines)
            for name, values in _bound_by(line)
        ]
        self._own = {name for _, name, _ in self._bindings}
        self._settle()
        self._bindings += [
            (place, name, [call])
            for place, (line, is_shown) in enumerate(lines)
            for call in self._effects(line, is_shown)
            for name in set(_names_in(call))
        ]
        self._settle()

    def _settle(self) -> None:
        """Remove from the test's own names all that may hold an answer."""
        before = -1
        while before != len(self._own):
            before = len(self._own)
            self._own -= set(self._answers())

    def _effects(self, line: ast.stmt, is_shown: bool) -> Iterator[ast.AST]:  # noqa: FBT001 - passed on
        """Yield the line's call if it may change its arguments: `random.shuffle(a)`."""
        match line:
            case ast.Expr(value=ast.Call() as call):
                is_quiet = root_of(call.func) == "print" or self._is_asking(call)
                if (
                    not is_quiet
                    and _asserted(line, self._texts, shows=is_shown) is None
                ):
                    yield call

    # --- Names that may hold answers ------------------------------------------------

    def _answers(self) -> Iterator[str]:
        for _, name, values in self._bindings:
            if not all(map(self.is_own, values)):
                yield name
                if name in self._texts.libraries:  # `sys.stdout = text`
                    yield from (one for each in values for one in _names_in(each))
        for line, _ in self._lines:
            for node in _parts_of(line):
                yield from self._kept_by(node)

    def _kept_by(self, node: ast.AST) -> Iterator[str]:
        """Yield the names that may hold an answer after the node has run."""
        if isinstance(node, ast.withitem | ast.Lambda):
            yield from _names_in(node)
        elif isinstance(node, ast.Name) and node.id in self._texts.functions:
            if not self._texts.is_no_answer(node.id):
                yield from _names_in(self._texts.functions[node.id])
        elif isinstance(node, ast.Call) and not self.is_own(node):
            yield from self._kept_by_call(node)

    def _kept_by_call(self, call: ast.Call) -> Iterator[str]:
        root, method = root_of(call.func), getattr(call.func, "attr", "")
        helper = self._texts.functions.get(root.removeprefix("self."))
        if helper is not None:
            yield from (*_given_by(call), *_names_in(helper))
        if root.startswith("self.") and not root.startswith("self.assert"):
            yield from (one for one in self._own if one.startswith("self."))
        if method not in _COMPARING:
            yield root
        if method == "backward":  # gradients are answers
            yield from self._own

    def is_own(self, node: ast.AST) -> bool:
        """Return whether nothing in the expression may be an answer."""
        return not is_roundabout(node) and all(map(self._is_own_name, read_in(node)))

    def _is_own_name(self, name: str) -> bool:
        is_known = name in self._own or name.startswith("self.assert")
        return is_known or self._texts.is_no_answer(name)

    # --- Comparisons ------------------------------------------------------------------

    def comparisons(self) -> Iterator[Comparison]:
        """Yield the assertions that compare two readings."""
        readings = self._readings()
        for line, is_shown in self._lines:
            node = _asserted(line, self._texts, shows=is_shown)
            if node is not None:
                same = readings.same(node, self._own)
                if same:
                    yield Comparison(node, same, self._function)

    def _readings(self) -> Readings:
        """Return the readings that names hold which are bound only once."""
        found = Readings(self._texts)
        counts = Counter(name for _, name, _ in self._bindings)
        for line, _ in self._lines:
            if isinstance(line, ast.Assign):
                (target, *_) = line.targets
                if isinstance(target, ast.Tuple | ast.List):
                    # The first part of an item is the input, the next may be a label.
                    (target, *_) = target.elts or [target]
                if counts[key_of(target)] == 1:
                    found.keep(key_of(target), found.of(line.value, self._own))
        return found

    def _is_asking(self, call: ast.Call) -> bool:
        """Return whether the call may run the notebook's code."""
        root = root_of(call.func)
        return not (root in self._texts.functions or self._is_own_name(root))


def _bound_by(line: ast.stmt) -> Iterator[tuple[str, list[ast.AST]]]:
    """Yield each name that the line binds or changes, and what its value comes from."""
    for node in _parts_of(line):
        if isinstance(node, ast.NamedExpr):
            yield node.target.id, [node.value]
    match line:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _pairs(target, value)
        case ast.For() | ast.AsyncFor():
            yield from _pairs(line.target, line.iter)
        case ast.AnnAssign(value=ast.expr() as value) | ast.AugAssign(value=value):
            yield from _pairs(line.target, value)
        case ast.Delete(targets=targets):
            yield from ((root_of(target), []) for target in targets)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, list[ast.AST]]]:
    parts = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    for place, part in enumerate(parts):
        is_paired = len(parts) == len(values)
        yield from _pairs(part, values[place] if is_paired else value)
    if not parts:
        yield root_of(target), [value, target]


def _lines(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield all statements in the order of the text, including those inside others."""
    for line in body:
        if not isinstance(line, Function | ast.ClassDef):
            yield line
            for inner in _bodies_of(line):
                yield from _lines(inner)


def _parts_of(line: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement, without those of the statements inside it."""
    for child in ast.iter_child_nodes(line):
        if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from ast.walk(child)


def _functions(node: ast.AST, outermost: str) -> Iterator[tuple[str, list[ast.stmt]]]:
    """Yield the body of each function, after the `setUp` of its test case if it has one."""
    first: list[ast.stmt] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.ClassDef) and getattr(child, "name", "") == "setUp":
            first = getattr(child, "body", [])
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            name = outermost or child.name
            yield name, [*first, *child.body]
            yield from _functions(child, name)
        elif isinstance(child, ast.stmt):
            yield from _functions(child, outermost)


def _asserted(node: ast.AST, texts: Texts, *, shows: bool) -> ast.expr | None:
    """Return what the statement asserts, or None."""
    match node:
        case ast.Assert(test=test):
            return test
        case ast.Expr(value=ast.Call(func=called) as call) if texts.is_helper(called):
            return call
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) as called) as call):
            root = root_of(called)
            is_ours = root == f"self.{name}" or root in texts.libraries
            if is_ours and name.startswith("assert") and not name.startswith(_RAISING):
                return call
        case ast.Expr(value=ast.Call(func=ast.Name(id=name)) as call):
            if name.startswith("assert_") and name in texts.libraries:
                return call
    return node.value if shows and isinstance(node, ast.Expr) else None


def _bodies_of(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the lists of statements inside a statement."""
    if not isinstance(node, ast.stmt):
        return
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for inner in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield inner.body


def _names_in(node: ast.AST) -> Iterator[str]:
    return (key_of(one) for one in ast.walk(node) if key_of(one))


def _given_by(call: ast.Call) -> Iterator[str]:
    """Yield the bare names in the arguments, including those in lists, tuples and dicts."""
    waiting: list[ast.expr | None] = [*call.args, *(one.value for one in call.keywords)]
    while waiting:
        match waiting.pop():
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
                waiting += parts
            case ast.Starred(value=inner):
                waiting.append(inner)
            case ast.expr() as one if key_of(one):
                yield key_of(one)
