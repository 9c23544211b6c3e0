"""Find tests that go wrong because the notebook's code gets copies of their values.

A test does not see what the notebook changes in its copy, and the notebook does not see
what the test changes later. The grader sees a part of this itself, where an assertion
reads the value.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from formats.assignment.unpickling import Finding
from formats.importing.replaced_names import USUAL_LIBRARY_NAMES
from formats.importing.work_in_place import Slots, changes
from runner.protocol.jobs import TestStyle
from runner.protocol.test_expressions import (
    Function,
    Texts,
    key_of,
    read_in,
    root_of,
    stored_in,
)

_PARTS: Final = frozenset(
    ("bias", "named_parameters", "parameters", "state_dict", "weight")
)
_PLAIN: Final = frozenset(("T", "dtype", "grad", "item", "ndim", "shape", "size"))
_COMPARE: Final = (
    "Compare what the function returns. Or let a function of the notebook make the "
    "change and return the value."
)
_CHANGES: Final = (
    "The solution's `{name}` changes its argument, and the test looks at the argument "
    "afterwards. The notebook gets a copy of it. So the check may fail with a "
    "message, or compare the test's own value, which has not changed."
)
_KEEPS: Final = (
    "The test passes `{name}` to the notebook, then changes it, and then uses the "
    "notebook's object again. The notebook has a copy and does not see the change. So "
    "the check also passes for code that should have made a copy but did not."
)
_NETWORK: Final = (
    "The test reads a part of a network (`{name}`), passes the network to the "
    "notebook, and then looks at that part. The notebook gets a copy of the network, "
    "so the part stays as it was, whatever the notebook does."
)


@dataclass
class _State:
    """The facts about a test's names at one place in its code.

    `made_of` maps each name to the names from which its value was made. `slots` maps
    each function to the arguments that it changes. `results` are the names of returned
    values. `looked` maps each name that the solution has changed to the function that
    changed it. `given` maps each name that was passed to the notebook to the objects
    that may keep it. `altered` maps those objects to the passed name whose value the
    test has changed since. `parts` are parts of networks.
    """

    slots: dict[str, set[int | str]]
    made_of: dict[str, set[str]] = field(default_factory=dict)
    answers: set[str] = field(default_factory=set)
    results: set[str] = field(default_factory=set)
    looked: dict[str, str] = field(default_factory=dict)
    given: dict[str, set[str]] = field(default_factory=dict)
    altered: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)


def find_argument_looks(
    tree: ast.Module, style: TestStyle, changed: Slots, imports: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield a note for each place where a test depends on a change of a passed value.

    `changed` is what `changed_parameters` returns, `imports` the names of libraries.
    """
    texts = Texts([tree], {*USUAL_LIBRARY_NAMES, *imports}, changed)
    said: set[str] = set()
    try:
        slots = {name: set(found) for name, found in changed.items()}
        slots |= _passed(tree, texts, slots)
        shows = style is TestStyle.DOCTEST
        bodies = [(tree.body, set[str]())]
        for each in texts.functions.values():
            names = {one.arg for one in ast.walk(each.args) if isinstance(one, ast.arg)}
            bodies.append((each.body, names - set(slots)))
        for body, parameters in bodies:
            for finding in _Notes(texts, slots, parameters, shows=shows).follow(body):
                if finding.message not in said:
                    said.add(finding.message)
                    yield finding
    except RecursionError:
        return


def _passed(
    tree: ast.Module, texts: Texts, slots: dict[str, set[int | str]]
) -> dict[str, set[int | str]]:
    """Return the test's parameters that take a function of `slots`, with its slots."""
    found = {}
    for call in (one for one in ast.walk(tree) if isinstance(one, ast.Call)):
        helper = texts.functions.get(key_of(call.func))
        names = [] if helper is None else [one.arg for one in helper.args.args]
        for name, value in zip(names, call.args, strict=False):
            if key_of(value) in slots:
                found[name] = slots[key_of(value)]
    return found


class _Notes:
    """Follows the statements of one body in their order, and the body of a loop twice."""

    def __init__(
        self,
        texts: Texts,
        slots: dict[str, set[int | str]],
        parameters: set[str],
        *,
        shows: bool,
    ) -> None:
        self._texts = texts
        self._shows = shows
        self._state = _State(slots, {name: set() for name in parameters})

    def follow(self, body: list[ast.stmt]) -> Iterator[Finding]:
        """Yield the notes on these statements."""
        for node in body:
            if isinstance(node, Function | ast.ClassDef):
                continue
            inner = [
                each
                for name in ("body", "orelse", "finalbody")
                for each in getattr(node, name, ())
            ]
            if isinstance(node, ast.For):
                self._bind(node.target, node.iter)
            parts = [
                one
                for one in ast.iter_child_nodes(node)
                if not inner or isinstance(one, ast.expr)
            ]
            yield from self._statement(node, parts if inner else [node])
            for _ in range(2 if isinstance(node, ast.For | ast.While) else 1):
                yield from self.follow(inner)

    def _statement(self, node: ast.stmt, parts: list[ast.AST]) -> Iterator[Finding]:
        for part in parts:
            yield from self._questions(part)
        for asserted in self._asserted(node):
            yield from self._looks(asserted)
        inner = [one for part in parts for one in ast.walk(part)]
        for one in inner:
            self._change(one)
        for one in inner:
            if isinstance(one, ast.Call):
                self._give(one, node)
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(target, node.value)

    # --- What the notebook changes ------------------------------------------------------

    def _asserted(self, node: ast.stmt) -> Iterator[ast.expr]:
        match node:
            case ast.Assert(test=test) | ast.Return(value=ast.expr() as test):
                yield test
            case ast.If(test=test, body=[ast.Raise(), *_]):
                yield test
            case ast.Expr(value=ast.Call(func=function) as call):
                name = getattr(function, "attr", "") or key_of(function)
                if name.startswith("assert") or self._shows:
                    yield call
            case ast.Expr(value=value) if self._shows:
                yield value

    def _looks(self, node: ast.expr) -> Iterator[Finding]:
        for one in _compared(node):
            names = set(read_in(one))
            is_denied = any(isinstance(each, ast.NotEq) for each in ast.walk(one))
            if not is_denied and any(map(self._is_answer, names)):
                continue
            for name in names:
                function = self._state.looked.get(name)
                if function is not None:
                    words = _CHANGES.format(name=function)
                    yield _note(words, node, _COMPARE)
                elif self._state.parts.get(name) in self._state.given:
                    yield _note(_NETWORK.format(name=name), node, _COMPARE)

    def _is_answer(self, name: str) -> bool:
        state = self._state
        is_own = name in state.made_of or self._texts.is_no_answer(name)
        return name in state.answers or not (is_own or name.startswith("self"))

    # --- What the test changes ----------------------------------------------------------

    def _questions(self, node: ast.AST) -> Iterator[Finding]:
        """Yield a note if the test uses an object here that may keep a changed value."""
        calls = {id(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)}
        for one in ast.walk(node):
            if isinstance(one, ast.Attribute | ast.Subscript):
                name = self._state.altered.get(root_of(one))
                is_method = id(one) in calls and root_of(one) in self._state.results
                is_asked = isinstance(one, ast.Attribute) and one.attr not in _PLAIN
                if name is not None and is_asked and not is_method:
                    yield _note(_KEEPS.format(name=name), one, _COMPARE)

    def _change(self, node: ast.AST) -> None:
        state = self._state
        for name, keepers in state.given.items():
            own = {name, *(one for one in state.made_of if name in state.made_of[one])}
            is_step = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "step"
                and root_of(node.func) in own - {name} - keepers
            )
            if is_step or changes(node, own):
                state.altered |= dict.fromkeys(keepers, name)

    # --- What is given and bound --------------------------------------------------------

    def _give(self, call: ast.Call, node: ast.stmt) -> None:
        state, root = self._state, root_of(call.func)
        if not self._is_answer(root):
            return
        keepers = {root} & state.answers
        if isinstance(node, ast.Assign) and node.value is call:
            bound = {key_of(one) for one in node.targets} - {""}
            keepers |= bound
            state.results -= bound
            if not root[:1].isupper():
                state.results |= bound
        changed = state.slots.get(root, set())
        named = [(each.arg or "", each.value) for each in call.keywords]
        slots: list[tuple[int | str, ast.expr]] = [*enumerate(call.args), *named]
        for slot, value in slots:
            is_open = bool(changed) and isinstance(value, ast.Starred)
            for name in self._own_in(value):
                state.given.setdefault(name, set()).update(keepers)
                if slot in changed or is_open:
                    state.looked[name] = root

    def _own_in(self, value: ast.expr) -> set[str]:
        """Return the test's own names that the value is made of."""
        state = self._state
        names = set(read_in(value)) - state.answers
        found = names.union(*(state.made_of.get(name, ()) for name in names))
        return {name for name in found if not self._texts.is_no_answer(name)}

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        state = self._state
        for name in set(stored_in(target)):
            names = set(read_in(value))
            for known in (state.made_of, state.looked, state.given, state.parts):
                known.pop(name, None)
            state.altered.pop(name, None)
            state.answers.discard(name)
            if any(map(self._is_answer, names)):
                state.answers.add(name)
                continue
            own = {one for one in names if one in state.made_of}
            state.made_of[name] = own.union(*(state.made_of[one] for one in own))
            for one in own:
                if one in state.looked:
                    state.looked[name] = state.looked[one]
            is_part = any(
                getattr(one, "attr", "") in _PARTS for one in ast.walk(value)
            ) and not any(
                getattr(one, "attr", "") == "clone" for one in ast.walk(value)
            )
            if is_part and own:
                state.parts[name] = min(own)


def _compared(node: ast.expr) -> Iterator[ast.AST]:
    """Yield the comparisons in an assertion, or all of it."""
    match node:
        case ast.Compare(
            left=ast.Tuple(elts=left), comparators=[ast.Tuple(elts=right)]
        ):
            pairs = zip(left, right, strict=False)
            yield from (ast.Tuple(elts=list(pair), ctx=ast.Load()) for pair in pairs)
        case ast.BoolOp(values=values):
            for one in values:
                yield from _compared(one)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(args=args)):
            ops: list[ast.cmpop] = [ast.NotEq()]
            if len(args) > 1:
                yield ast.Compare(left=args[0], ops=ops, comparators=args[1:])
            else:
                yield node
        case _:
            yield node


def _note(words: str, node: ast.expr, hint: str) -> Finding:
    return Finding(message=words, line=node.lineno, hint=hint, is_certain=False)
