"""What a piece of code does with the objects behind its names.

The rule is the safe one. Whatever is done with an object may change it, but for uses
that are known to look at it alone. A name that is bound to a part or a view of an
object is remembered: to change the one may change the other.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from formats.assignment.looking_calls import (
    CHANGING_ARGUMENTS,
    DO_ANYTHING,
    HOLDING_METHODS,
    NEW_FUNCTIONS,
    NEW_METHODS,
    NUMBER_FUNCTIONS,
    PART_FUNCTIONS,
    PART_METHODS,
    TEXT_METHODS,
    array_arguments,
    is_drawing,
    root_name,
    runs_text,
)
from formats.notebook.cell_syntax import SCOPES

ANY: Final = "*"
_COMPUTED: Final = (ast.UnaryOp, ast.Compare, ast.JoinedStr, ast.Slice)
_SHOWN: Final = (ast.Expr, ast.Assert, ast.FormattedValue)
_GATHERED: Final = (
    *(ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Starred, ast.Await, ast.BoolOp),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.keyword),
)
# Operators that make one list, set or dictionary of two.
_JOINING: Final = (ast.Add, ast.Sub, ast.BitOr, ast.BitAnd)


class Fate(IntEnum):
    """What becomes of a value.

    It is looked at, kept or passed on, or changed. DERIVED is for one whose gradients
    are computed: that changes whatever it was computed from.
    """

    SEEN = 0
    TAKEN = 1
    CHANGED = 2
    DERIVED = 3


# What a function is called with: its name, and the number or name of the argument; None
# where that is not known. A method's name has a dot in front.
Slot = tuple[str, int | str | None]
Node = str | Slot


@dataclass(frozen=True, slots=True)
class _End:
    """What becomes of a value, and what may hold it, or be a part of it, then.

    With each of these owners stands what must become of it for the value to be changed.
    """

    fate: Fate = Fate.TAKEN
    owners: tuple[tuple[Node, Fate], ...] = ()
    is_part: bool = True

    def through(self, least: Fate) -> "_End":
        """Return the end of what the value is made of, which takes as much to change."""
        fate = self.fate if self.fate >= least else Fate.SEEN
        owners = tuple((owner, max(least, known)) for owner, known in self.owners)
        return _End(fate, owners, is_part=self.is_part and least is Fate.TAKEN)

    def held_by(self, owner: Node) -> "_End":
        """Return the end of a value that this may hold, too, or give away a part of."""
        return replace(self, owners=(*self.owners, (owner, Fate.TAKEN)))

    def given(self) -> "_End":
        """Return the end of an argument of a call, which anything may be done with."""
        return replace(self, fate=max(self.fate, Fate.TAKEN), is_part=False)


_SEEN: Final = _End(Fate.SEEN)
_TAKEN: Final = _End(Fate.TAKEN)


class Uses:
    """Finds the names whose objects a piece of code may change.

    `changed` says how far, `edges` which names may hold or show parts of others and
    what must become of them for these to be changed, and `views` which are parts for
    certain. What is passed to a function that is called by its name stands in a slot.
    What stands in a definition is not done yet, and is read by itself. `kept` are
    names that outlive the code; None stands for all.
    """

    def __init__(self, kept: frozenset[str] | None = frozenset()) -> None:
        self.changed: dict[Node, Fate] = {}
        self.edges: dict[Node, set[tuple[Node, Fate]]] = defaultdict(set)
        self.views: set[tuple[str, str]] = set()
        self.stored: set[str] = set()
        self._kept = kept

    def visit(self, node: ast.AST, end: _End = _TAKEN) -> None:
        """Read the node, of whose value this becomes."""
        match node:
            case ast.Name():
                self._visit_name(node, end)
            case ast.Attribute(value=value) | ast.Subscript(value=value):
                self._visit_part(node, value, end)
            case ast.Call():
                self._visit_call(node, end)
            case ast.BinOp():
                self._visit_all(ast.iter_child_nodes(node), _operands(node, end))
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                self.visit(test, _SEEN)
                rest = [one for one in ast.iter_child_nodes(node) if one is not test]
                self._visit_all(rest, end)
            case _ if isinstance(node, SCOPES):
                self._visit_all(node.decorator_list, _TAKEN)
            case _ if not (self._visit_assignment(node, end) or self._visit_loop(node)):
                self._visit_all(ast.iter_child_nodes(node), _inner(node, end))

    def change(self, node: Node, fate: Fate = Fate.CHANGED) -> None:
        """Note that this becomes of the name, or of what stands in the slot."""
        self.changed[node] = max(fate, self.changed.get(node, fate))

    def _visit_all(self, nodes: Iterable[ast.AST], end: _End) -> None:
        for node in nodes:
            self.visit(node, end)

    def _visit_assignment(self, node: ast.AST, end: _End) -> bool:
        """Read an assignment, and say whether the node is one."""
        match node:
            case ast.Assign(targets=targets, value=value):
                for target, part in _pairs(targets, value):
                    self._bind(target, part)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind([target], value)
            case ast.AugAssign(target=target, op=op, value=value):
                name = target.id if isinstance(target, ast.Name) else ""
                is_joining = isinstance(op, _JOINING)
                self._bind([target], value, _joined(value) if is_joining else None)
                if name:
                    self.change(name, Fate.TAKEN)
            case ast.NamedExpr(target=target, value=value):
                self._bind([target], value)
                self._visit_name(ast.Name(id=target.id, ctx=ast.Load()), end)
            case _:
                return False
        return True

    def _visit_loop(self, node: ast.AST) -> bool:
        """Read what else binds names, and say whether the node does that."""
        match node:
            case ast.For() | ast.AsyncFor():
                self._loop(node.target, node.iter)
                self._visit_all((*node.body, *node.orelse), _TAKEN)
            case ast.comprehension(target=target, iter=value, ifs=ifs):
                self._loop(target, value)
                self._visit_all(ifs, _SEEN)
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                self._bind([target], value, fate=Fate.TAKEN)
            case ast.ImportFrom(module=str(name)) if name in DO_ANYTHING:
                self.change(ANY)
            case ast.alias(name=name) if name in DO_ANYTHING:
                self.change(ANY)
            case _:
                return False
        return True

    def _loop(self, target: ast.expr, value: ast.expr) -> None:
        """Bind the target to the items of a value, or of those that are added up."""
        left = [value]
        while left:
            node = left.pop()
            if isinstance(node, ast.BinOp) and isinstance(node.op, _JOINING):
                left += (node.left, node.right)
            else:
                self._bind([target], node)

    def _bind(
        self,
        targets: Iterable[ast.expr],
        value: ast.expr,
        least: Fate | None = Fate.TAKEN,
        fate: Fate = Fate.SEEN,
    ) -> None:
        """Read a value that is given to the targets, to change which takes `least`."""
        leaves = [leaf for target in targets for leaf in _leaves(target)]
        names = [root_name(leaf) for leaf in leaves]
        is_held = all(isinstance(leaf, ast.Name) for leaf in leaves)
        is_kept = self._kept is None or not self._kept.isdisjoint(names)
        if is_kept or not is_held:
            fate = max(fate, Fate.TAKEN)
        self._visit_all(leaves, _TAKEN)
        owners = [name for name in names if name]
        for name in owners[1:]:
            self.edges[name].add((owners[0], Fate.TAKEN))
            self.views.add((owners[0], name))
        end = _End(fate, tuple((one, Fate.TAKEN) for one in owners[:1]))
        self.visit(value, end.through(Fate.DERIVED if least is None else least))

    def _visit_name(self, node: ast.Name, end: _End) -> None:
        name = node.id
        if name in DO_ANYTHING:
            self.change(ANY)
        if isinstance(node.ctx, ast.Store):
            self.stored.add(name)
        elif isinstance(node.ctx, ast.Del):
            self.change(name)
        else:
            if end.fate is not Fate.SEEN:
                self.change(name, end.fate)
            for owner, least in end.owners:
                self.edges[owner].add((name, least))
                if end.is_part and isinstance(owner, str):
                    self.views.add((name, owner))

    def _visit_part(
        self, node: ast.Attribute | ast.Subscript, value: ast.expr, end: _End
    ) -> None:
        if not isinstance(node.ctx, ast.Load):
            # To put something into an object leaves alone what else the object holds.
            end = _TAKEN if root_name(node) else _End(Fate.CHANGED)
        self.visit(value, end)
        if isinstance(node, ast.Subscript):
            self.visit(node.slice, _SEEN)
        elif node.attr in DO_ANYTHING:
            self.change(ANY)

    def _visit_call(self, node: ast.Call, end: _End) -> None:
        computed = end.through(Fate.DERIVED)
        looked = array_arguments(node.func)
        match node.func:
            case _ if looked is not None or is_drawing(node.func):
                self.visit(node.func, _SEEN)
                count = len(node.args) if looked is None else looked
                self._visit_arguments(node, computed, count)
            case ast.Attribute():
                self._visit_method(node, node.func, end)
            case ast.Name(id=name) if name in NEW_FUNCTIONS:
                self._visit_arguments(node, computed)
            case ast.Name(id=name) if name in NUMBER_FUNCTIONS:
                self._visit_arguments(node, end.through(Fate.CHANGED))
            case ast.Name(id=name) if name in PART_FUNCTIONS:
                self._visit_arguments(node, end)
            case ast.Name():
                self._visit_function(node, node.func, end)
            case _:
                self.visit(node.func, end.through(Fate.CHANGED))
                self._visit_all((*node.args, *node.keywords), end.given())

    def _visit_arguments(
        self, node: ast.Call, end: _End, count: int | None = None
    ) -> None:
        """Read the arguments of a call that looks at so many; without a number, at all."""
        count = len(node.args) if count is None else count
        is_plain = not any(isinstance(one, ast.Starred) for one in node.args[:count])
        count = count if is_plain or count == len(node.args) else 0
        self._visit_all(node.args[:count], end)
        self._visit_all(node.args[count:], end.given())
        for one in node.keywords:
            is_changed = one.arg in CHANGING_ARGUMENTS
            seen = _SEEN if one.arg == "key" else end
            self.visit(one.value, end.given() if is_changed else seen)

    def _visit_function(self, node: ast.Call, function: ast.Name, end: _End) -> None:
        """Read a call by a name. The function may tell what becomes of its arguments."""
        self.visit(function, end.through(Fate.CHANGED))
        is_open = any(isinstance(one, ast.Starred) for one in node.args) or any(
            one.arg is None for one in node.keywords
        )
        keys = [*range(len(node.args)), *(one.arg for one in node.keywords)]
        values = [*node.args, *(one.value for one in node.keywords)]
        for key, value in zip(keys, values, strict=True):
            slot: Slot = (function.id, None if is_open else key)
            for owner, least in end.owners:
                self.edges[owner].add((slot, least))
            fate = end.through(Fate.DERIVED).fate
            self.visit(value, _End(fate, is_part=False).held_by(self._slot(*slot)))

    def _slot(self, name: str, key: int | str | None) -> Slot:
        """Return what stands for an argument of a function that may be known."""
        slot = (name, key)
        self.edges[slot] = self.edges[slot]
        return slot

    def _visit_method(self, node: ast.Call, function: ast.Attribute, end: _End) -> None:
        """Read a call of a method, or of a module's function."""
        name, given = function.attr, end.given()
        is_plain = CHANGING_ARGUMENTS.isdisjoint(one.arg for one in node.keywords)
        if name == "backward":
            given = receiver = replace(given, fate=Fate.DERIVED)
        elif name in HOLDING_METHODS:
            receiver = replace(end, fate=max(end.fate, Fate.TAKEN))
            root = root_name(function)
            given = given.held_by(root) if root else given
        elif name in NEW_METHODS and is_plain:
            computed = end.through(Fate.DERIVED)
            receiver = computed.held_by(self._slot(f".{name}", 0))
            given = computed if name in TEXT_METHODS else given
        elif name in PART_METHODS and is_plain:
            receiver = end.through(Fate.CHANGED) if name == "tolist" else end
            receiver = receiver.held_by(self._slot(f".{name}", 0))
        else:
            receiver = replace(end, fate=max(end.fate, Fate.CHANGED))
        if runs_text(node):
            self.change(ANY)
        self.visit(function.value, receiver)
        self._visit_all((*node.args, *node.keywords), given)


def _inner(node: ast.AST, end: _End) -> _End:
    """Return what becomes of the parts of a node."""
    if isinstance(node, _SHOWN):
        return _SEEN
    if isinstance(node, _COMPUTED):
        return end.through(Fate.DERIVED)
    if isinstance(node, _GATHERED):
        return end
    if isinstance(node, ast.expr):
        return replace(end, fate=max(end.fate, Fate.TAKEN))
    return _TAKEN


def _operands(node: ast.BinOp, end: _End) -> _End:
    """Return what becomes of two operands: lists, sets and dictionaries are joined."""
    joins = isinstance(node.op, _JOINING)
    is_display = any(isinstance(one, _GATHERED) for one in (node.left, node.right))
    if is_display and (joins or isinstance(node.op, ast.Mult)):
        return end
    return end.through(Fate.CHANGED if joins else Fate.DERIVED)


def _joined(value: ast.expr) -> Fate:
    """Return what it takes to change a value that is added to a list in place."""
    return Fate.TAKEN if isinstance(value, _GATHERED) else Fate.CHANGED


def _pairs(
    targets: Sequence[ast.expr], value: ast.expr
) -> Iterator[tuple[Sequence[ast.expr], ast.expr]]:
    """Yield targets with their values: `a, b = c, d` gives two."""
    match targets, value:
        case [ast.Tuple(elts=names)], ast.Tuple(elts=values) if len(names) == len(
            values
        ) and not any(isinstance(one, ast.Starred) for one in (*names, *values)):
            yield from (([name], one) for name, one in zip(names, values, strict=True))
        case _:
            yield targets, value


def _leaves(target: ast.expr) -> Iterator[ast.expr]:
    """Yield the names, attributes and items to which something is assigned."""
    left = [target]
    while left:
        node = left.pop()
        if isinstance(node, ast.Tuple | ast.List):
            left += reversed(node.elts)
        elif isinstance(node, ast.Starred):
            left.append(node.value)
        else:
            yield node
