"""Find what a piece of code does with the objects behind its names.

The rule is the safe one. Whatever is done with an object may change it, but for uses
that are known to look at it alone. A name that is bound to a part or a view of an
object is remembered: to change the one may change the other.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from formats.assignment.call_effects import (
    CALLING_METHODS,
    CHANGING_ARGUMENTS,
    DATA_ATTRIBUTES,
    DO_ANYTHING,
    HOLDING_METHODS,
    LAZY_FUNCTIONS,
    MOVING_METHODS,
    NEW_FUNCTIONS,
    NEW_METHODS,
    NUMBER_FUNCTIONS,
    PART_FUNCTIONS,
    PART_METHODS,
    PLAIN_METHODS,
    array_arguments,
    is_drawing,
    root_name,
    runs_text_as_code,
)
from formats.assignment.expressions import (
    JOINING,
    assigned_pairs,
    elements_of,
    given_values,
    holders_of,
    is_new_object,
    least_of_joined,
    leaves_of,
    operand_fate,
    part_fate,
)
from formats.assignment.fates import SEEN, TAKEN, Fate, Meeting, Node, Slot, ValueFate

ANY: Final = "*"
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Uses:
    """Finds the names whose objects a piece of code may change.

    `changed` says how far, `edges` which names may hold or show parts of others and
    what must become of them for these to be changed, and `views` which are parts for
    certain. What is passed to a function that is called by its name stands in a slot.
    What stands in a definition is not done yet, and is read by itself. `kept` are
    names that outlive the code; None stands for all. `own` is what a method calls the
    object that it is one of.

    `met` says which names, and results of other calls, meet in each call, `makers` by
    which functions things were made, and `called` which names are called. `methods` are
    names to which something is bound that may be a method. `networks` are bound to what
    a class makes, as networks are, and `objects` to anything else but a constant.
    """

    def __init__(
        self, kept: frozenset[str] | None = frozenset(), own: str = ""
    ) -> None:
        self.changed: dict[Node, Fate] = {}
        self.edges: dict[Node, set[tuple[Node, Fate]]] = defaultdict(set)
        self.views: set[tuple[str, str]] = set()
        self.stored: set[str] = set()
        self.met: dict[Meeting, set[str | int]] = defaultdict(set)
        self.makers: dict[int, str] = {}
        self.called: set[str] = set()
        self.methods: set[tuple[str | int, str, str]] = set()
        self.objects: set[str] = set()
        self.networks: set[str] = set()
        self._kept = kept
        self._own = own
        self._calls = 0

    def visit(self, node: ast.AST, fate: ValueFate = TAKEN) -> None:
        """Read the node, whose value has this fate."""
        match node:
            case ast.Name():
                self._visit_name(node, fate)
            case ast.Attribute(value=value) | ast.Subscript(value=value):
                self._visit_part(node, value, fate)
            case ast.Call():
                self._visit_call(node, fate)
            case ast.BinOp():
                self._visit_all(ast.iter_child_nodes(node), operand_fate(node, fate))
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                self.visit(test, SEEN)
                rest = [one for one in ast.iter_child_nodes(node) if one is not test]
                self._visit_all(rest, fate)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._visit_definition(node)
            case _ if not (
                self._visit_assignment(node, fate) or self._visit_loop(node)
            ):
                self._visit_all(ast.iter_child_nodes(node), part_fate(node, fate))

    def change(self, node: Node, fate: Fate = Fate.CHANGED) -> None:
        """Note the fate of a name, or of the argument in a slot."""
        self.changed[node] = max(fate, self.changed.get(node, fate))

    def _visit_definition(self, node: Definition) -> None:
        """Read what a definition runs at once: decorators, defaults, bases."""
        for decorator in node.decorator_list:
            call = self._meet(ValueFate(owners=((node.name, Fate.GIVEN),)))
            if isinstance(decorator, ast.Name):
                self.makers[call] = decorator.id
            self.visit(decorator, TAKEN.met_in(call))
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                is_bound = isinstance(part, ast.Assign | ast.AnnAssign)
                self.visit(getattr(part, "value", part) if is_bound else part, TAKEN)
            return
        defaults = (*node.args.defaults, *filter(None, node.args.kw_defaults))
        self._visit_all(defaults, TAKEN)

    def _visit_all(self, nodes: Iterable[ast.AST], fate: ValueFate) -> None:
        for node in nodes:
            self.visit(node, fate)

    def _visit_assignment(self, node: ast.AST, fate: ValueFate) -> bool:
        """Read an assignment, and return whether the node is one."""
        match node:
            case ast.Assign(targets=targets, value=value):
                for target, part in assigned_pairs(targets, value):
                    self._bind(target, part)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind([target], value)
            case ast.AugAssign(target=target, op=op, value=value):
                name = target.id if isinstance(target, ast.Name) else ""
                is_joining = isinstance(op, JOINING)
                self._bind(
                    [target], value, least_of_joined(value) if is_joining else None
                )
                if name:
                    self.change(name, Fate.TAKEN)
            case ast.NamedExpr(target=target, value=value):
                self._bind([target], value)
                self._visit_name(ast.Name(id=target.id, ctx=ast.Load()), fate)
            case _:
                return False
        return True

    def _visit_loop(self, node: ast.AST) -> bool:
        """Read other statements that bind names, and return whether the node is one."""
        match node:
            case ast.For() | ast.AsyncFor():
                self._loop(node.target, node.iter)
                self._visit_all((*node.body, *node.orelse), TAKEN)
            case ast.comprehension(target=target, iter=value, ifs=ifs):
                self._loop(target, value)
                self._visit_all(ifs, SEEN)
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                self._bind([target], value, level=Fate.TAKEN)
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
            if isinstance(node, ast.BinOp) and isinstance(node.op, JOINING):
                left += (node.left, node.right)
            else:
                self._bind([target], node)

    def _bind(
        self,
        targets: Iterable[ast.expr],
        value: ast.expr,
        least: Fate | None = Fate.GIVEN,
        level: Fate = Fate.SEEN,
    ) -> None:
        """Read a value that is given to the targets, to change which takes `least`."""
        leaves = [leaf for target in targets for leaf in leaves_of(target)]
        names = [root_name(leaf) for leaf in leaves]
        is_held = all(isinstance(leaf, ast.Name) for leaf in leaves)
        is_kept = self._kept is None or not self._kept.isdisjoint(names)
        if is_kept or not is_held:
            level = max(level, Fate.TAKEN)
        self._visit_all(leaves, TAKEN)
        owners = [name for name in names if name]
        for name in owners[1:]:
            self.edges[name].add((owners[0], Fate.GIVEN))
            self.views.add((owners[0], name))
        if not isinstance(value, ast.Constant | ast.UnaryOp):
            (self.networks if is_new_object(value) else self.objects).update(owners)
        for owner in owners[:1]:
            self._note_code(owner, [value])
        fate = ValueFate(level, tuple((one, Fate.GIVEN) for one in owners[:1]))
        self.visit(value, fate.of_part(Fate.DERIVED if least is None else least))

    def _visit_name(self, node: ast.Name, fate: ValueFate) -> None:
        name = node.id
        if name in DO_ANYTHING:
            self.change(ANY)
        if isinstance(node.ctx, ast.Store):
            self.stored.add(name)
        elif isinstance(node.ctx, ast.Del):
            self.change(name)
        else:
            if fate.level is not Fate.SEEN:
                self.change(name, fate.level)
            for meeting in fate.meetings:
                self.met[meeting].add(name)
            for owner, least in fate.owners:
                self.edges[owner].add((name, least))
                if fate.is_part and isinstance(owner, str):
                    self.views.add((name, owner))

    def _visit_part(
        self,
        node: ast.Attribute | ast.Subscript,
        value: ast.expr,
        fate: ValueFate,
    ) -> None:
        if not isinstance(node.ctx, ast.Load):
            # To put something into an object leaves alone what else the object holds.
            fate = TAKEN if root_name(node) else ValueFate(Fate.CHANGED)
        self.visit(value, fate)
        if isinstance(node, ast.Subscript):
            self.visit(node.slice, SEEN)
        elif node.attr in DO_ANYTHING:
            self.change(ANY)

    def _visit_call(self, node: ast.Call, fate: ValueFate) -> None:
        computed = fate.of_part(Fate.DERIVED)
        looked = array_arguments(node.func)
        match node.func:
            case _ if looked is not None or is_drawing(node.func):
                self.visit(node.func, SEEN)
                count = len(node.args) if looked is None else looked
                self._visit_arguments(node, computed, count)
            case ast.Attribute():
                self._visit_method(node, node.func, fate)
            case ast.Name(id=name) if name in NEW_FUNCTIONS:
                self._visit_arguments(node, computed)
            case ast.Name(id=name) if name in NUMBER_FUNCTIONS:
                self._visit_arguments(node, fate.of_part(Fate.CHANGED))
            case ast.Name(id=name) if name in PART_FUNCTIONS:
                self._visit_arguments(node, fate)
            case ast.Name():
                self._visit_function(node, node.func, fate)
            case _:
                call = self._meet(fate)
                self.called.add(root_name(node.func))
                function = fate.of_part(Fate.CHANGED).met_in(call)
                self.visit(node.func, function)
                given = fate.as_argument().met_in(call)
                self._visit_all((*node.args, *node.keywords), given)

    def _note_code(
        self, holder: str | int, values: Iterable[ast.expr], *, is_run: bool = False
    ) -> None:
        """Note what is kept that may run code of the notebook's when it is called.

        With `is_run`, to go through what the holder is calls it.
        """
        for node in elements_of(values):
            if isinstance(node, ast.Attribute) and node.attr not in DATA_ATTRIBUTES:
                name = "()" if is_run else node.attr
                self.methods.add((holder, name, root_name(node)))
            elif isinstance(node, ast.Lambda):
                within = Uses()
                within.visit(node.body, SEEN)
                if any(fate > Fate.GIVEN for fate in within.changed.values()):
                    self.methods.add((holder, "()" if is_run else "", ""))
            elif isinstance(node, ast.GeneratorExp):
                self.methods.add((holder, "()", ""))

    def _meet(self, fate: ValueFate) -> int:
        """Return the number of a call, in which its arguments and its result meet."""
        self._calls += 1
        for name in holders_of(fate.owners):
            self.met[self._calls, None].add(name)
        for meeting in fate.meetings:
            self.met[meeting].add(self._calls)
        return self._calls

    def _visit_arguments(
        self, node: ast.Call, fate: ValueFate, count: int | None = None
    ) -> None:
        """Read the arguments of a call that looks at so many; without a number, at all."""
        count = len(node.args) if count is None else count
        is_plain = not any(isinstance(one, ast.Starred) for one in node.args[:count])
        count = count if is_plain or count == len(node.args) else 0
        looked = fate
        for one in node.keywords:
            is_changed = one.arg in CHANGING_ARGUMENTS
            if one.arg == "key":
                looked = self._visit_key(one.value, fate)
            else:
                self.visit(one.value, fate.as_argument() if is_changed else fate)
        self._visit_all(node.args[:count], looked)
        self._visit_all(node.args[count:], fate.as_argument())

    def _visit_key(self, key: ast.expr, fate: ValueFate) -> ValueFate:
        """Read a function that is called with each item; return the fate of the items."""
        self.visit(key, SEEN)
        match key:
            case ast.Name(id=name) if name not in NEW_FUNCTIONS:
                return fate.held_by(self._slot(name, 0))
            case ast.Lambda(args=ast.arguments(args=[ast.arg(arg=name)])):
                return fate.held_by(name)
        return fate

    def _visit_function(
        self, node: ast.Call, function: ast.Name, fate: ValueFate
    ) -> None:
        """Read a call by a name. A known function decides the fates of its arguments."""
        self.visit(function, fate.of_part(Fate.CHANGED))
        is_open = any(isinstance(one, ast.Starred) for one in node.args) or any(
            one.arg is None for one in node.keywords
        )
        keys = [*range(len(node.args)), *(one.arg for one in node.keywords)]
        values = given_values(node)
        call = self._meet(fate)
        self._note_code(call, values, is_run=function.id in LAZY_FUNCTIONS)
        self.makers[call] = function.id
        self.called.add(function.id)
        for key, value in zip(keys, values, strict=True):
            slot: Slot = (function.id, None if is_open else key)
            for owner, least in fate.owners:
                self.edges[owner].add((slot, least))
            level = fate.of_part(Fate.DERIVED).level
            given = ValueFate(level, is_part=False, meetings=((call, slot),))
            given = given.held_by(self._slot(*slot))
            for one in elements_of([value]):
                if isinstance(one, ast.Attribute) and one.attr not in DATA_ATTRIBUTES:
                    given = given.held_by(self._slot(f"@{one.attr}", 0))
            self.visit(value, given)

    def _slot(self, name: str, key: int | str | None) -> Slot:
        """Return what stands for an argument of a function that may be known."""
        slot = (name, key)
        self.edges[slot] = self.edges[slot]
        return slot

    def _visit_method(
        self, node: ast.Call, function: ast.Attribute, fate: ValueFate
    ) -> None:
        """Read a call of a method, or of a module's function."""
        receiver, given = self._method_fates(node, function, fate)
        if runs_text_as_code(node):
            self.change(ANY)
        self.visit(function.value, receiver)
        self._visit_all((*node.args, *node.keywords), given)

    def _method_fates(
        self, node: ast.Call, function: ast.Attribute, fate: ValueFate
    ) -> tuple[ValueFate, ValueFate]:
        """Return the fates of the method's object and of the arguments."""
        name, given = function.attr, fate.as_argument()
        is_plain = CHANGING_ARGUMENTS.isdisjoint(one.arg for one in node.keywords)
        is_own = isinstance(function.value, ast.Name) and function.value.id == self._own
        if is_plain and name in NEW_METHODS | PART_METHODS:
            least = Fate.DERIVED if name in NEW_METHODS else Fate.SEEN
            least = Fate.CHANGED if name == "tolist" else least
            receiver = fate.of_part(least).held_by(self._slot(f".{name}", 0))
            if name in MOVING_METHODS:
                receiver = replace(receiver, level=max(receiver.level, Fate.GIVEN))
            return receiver, SEEN if name in PLAIN_METHODS else given
        call = self._meet(fate)
        if is_own:
            receiver = fate.of_part(Fate.CHANGED).held_by(self._slot(f"@{name}", 0))
            slot = self._slot(f"@{name}", 1)
            given = replace(fate.of_part(Fate.DERIVED), meetings=((call, slot),))
            return receiver, given.held_by(slot)
        receiver = replace(fate, level=max(fate.level, _least_change(name))).met_in(
            call
        )
        if name not in CALLING_METHODS:
            given = given.met_in(call)
            self._note_code(call, given_values(node))
        if name == "backward":
            return receiver, replace(given, level=Fate.DERIVED)
        root = root_name(function) if name in HOLDING_METHODS else ""
        return receiver, given.held_by(root) if root else given


def _least_change(method: str) -> Fate:
    """Return the weakest fate of an object whose method is unknown."""
    if method == "backward":
        return Fate.DERIVED
    return Fate.TAKEN if method in HOLDING_METHODS else Fate.CHANGED
