"""What the names of a test hold, followed through its statements in their order.

Times are numbers of statements. The analysis follows no branches: each statement counts
as run once, in the order of the text.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from runner.protocol.test_names import (
    Function,
    TestNames,
    key_of,
    parameters,
    read_in,
    root_of,
)

ALWAYS: Final = float("inf")
# Methods of values, which do not ask the notebook, even if the notebook gave the value.
_CALM: Final = frozenset(
    (
        *("all", "allclose", "any", "append", "astype", "bool", "clamp"),
        *("clip", "clone", "copy", "count", "cpu", "detach", "double", "equal"),
        *("equals", "extend", "float", "flatten", "get", "index", "int"),
        *("item", "items", "keys", "long", "max", "mean", "min", "numel"),
        *("numpy", "permute", "ravel", "reshape", "size", "sort", "split"),
        *("squeeze", "std", "strip", "sum", "to", "tobytes", "to_dict"),
        *("to_list", "to_numpy", "tolist", "transpose", "unsqueeze", "update"),
        *("values", "view"),
    )
)
# What a test asks of a value without looking at what it holds.
_MEASURES: Final = frozenset(
    (
        *("device", "dim", "dtype", "dtypes", "element_size"),
        *("is_floating_point", "ndim", "numel", "shape", "size", "stride"),
        *("is_leaf", "requires_grad", "training"),
    )
)
_MEASURING: Final = frozenset(("callable", "hasattr", "isinstance", "len", "type"))

# A name that is read, and the place in the text.
Reading = tuple[str, int]
# A call of the notebook's code: the function's name, and which argument a value was.
Giving = tuple[str, int | str]


@dataclass
class State:
    """What is known of the names at one place of the test.

    `answers` are the names whose values come from the notebook's code, with the time.
    `given` are the names whose values were given to it, with the first time, and
    `givings` the calls. `sources` are the names that a value was made from, and the
    time. `readings` are the places where objects of the notebook's were read for it, and
    `depths` the depth of the loop in which a name is bound.
    """

    answers: dict[str, float] = field(default_factory=dict)
    given: dict[str, float] = field(default_factory=dict)
    givings: dict[str, list[Giving]] = field(default_factory=dict)
    sources: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    readings: dict[str, frozenset[Reading]] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)
    # Names of the notebook that look like the test's own, and parameters of a helper.
    notebook: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()

    def copy(self) -> "State":
        """Return a state that changes by itself."""
        made = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict):
                setattr(made, name, dict(value))
        return made

    def forget(self, name: str) -> None:
        """Forget a name, before it is bound anew."""
        for known in (self.answers, self.given, self.givings):
            known.pop(name, None)
        for other in (self.sources, self.readings, self.depths):
            other.pop(name, None)


class Values:
    """The values of a test's names at the present place.

    `asking` are the test's own functions that ask the notebook, `told` the parameters
    of its functions that get an answer, and `attributes` those of its own objects.
    """

    def __init__(self, names: TestNames) -> None:
        self.names = names
        self.state = State()
        self.now = 0.0
        self.depth = 0
        self.asking: set[str] = set()
        self.told: set[tuple[str, str]] = set()
        self.attributes: set[str] = set()

    # --- What an expression is ------------------------------------------------------

    def is_notebook(self, name: str) -> bool:
        """Return whether the name is the notebook's here."""
        if "." in name:
            return False
        return name in self.state.notebook or self.names.is_notebook(name)

    def time_of(self, node: ast.AST) -> float | None:
        """Return when the notebook gave what the expression holds, or None.

        A value of the notebook's that has been given back counts as old.
        """
        times = [self.time_of_name(name) for name in read_in(node)]
        found = [time for time in times if time is not None]
        if any(self.asks(one) for one in ast.walk(node) if isinstance(one, ast.Call)):
            found.append(self.now)
        return max(found, default=None)

    def time_of_name(self, name: str) -> float | None:
        """Return when the notebook gave the name's value, or None."""
        if self.is_notebook(name):
            return -1.0 if name in self.state.given else self.now
        if name in self.attributes and name not in self.state.answers:
            return ALWAYS
        return self.state.answers.get(name)

    def asks(self, call: ast.Call) -> bool:
        """Return whether the call may run the notebook's code."""
        given = [*call.args, *(each.value for each in call.keywords)]
        if any(self.is_notebook(key_of(one)) for one in given if key_of(one)):
            is_calm = self._is_calm(call)
            if not is_calm:
                return True
        function, root = call.func, root_of(call.func)
        if not root:
            # Calls within it are looked at by themselves.
            return any(self.time_of_name(one) is not None for one in read_in(function))
        own = self._own_function(function)
        if own:
            return own in self.asking
        if self.is_notebook(root):
            return not self._is_calm(call)
        is_told = self.time_of_name(root) is not None
        if isinstance(function, ast.Name):
            return is_told or root in self.state.parameters
        return (is_told or root in self.state.parameters) and not self._is_calm(call)

    def _is_calm(self, call: ast.Call) -> bool:
        """Return whether a library, Python or a value answers the call itself."""
        match call.func:
            case ast.Name(id=name):
                is_own = name in self.names.bound or self.is_notebook(name)
                return not is_own and name not in {"map", "filter", "sorted"}
            case ast.Attribute(value=value, attr=name):
                is_library = root_of(value) in self.names.libraries
                return name in _CALM or is_library
        return False

    def _own_function(self, function: ast.expr) -> str:
        """Return the name of the test's own function or method that is called, or ""."""
        name = key_of(function).removeprefix("self.")
        return name if name in self.names.functions else ""

    def readings_of(self, node: ast.AST, *, inner: bool = False) -> set[Reading]:
        """Return the places at which objects of the notebook's are read for the value.

        A place in a loop that the name is not bound in counts twice.
        """
        match node:
            case ast.Attribute(attr=name) if name in _MEASURES:
                return set()
            case ast.Call(func=ast.Name(id="isinstance" | "type" | "hasattr")):
                return set()
            case ast.Call(func=function) if _is_chain(function):
                parts: list[ast.AST] = [*node.args, *node.keywords]
                found = [self.readings_of(one, inner=inner) for one in parts]
                called = self.state.readings.get(root_of(function), frozenset())
                return set(called).union(*found)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                first = self.readings_of(node.generators[0].iter, inner=inner)
                rest = [
                    self.readings_of(part, inner=True)
                    for part in ast.iter_child_nodes(node)
                    if part is not node.generators[0]
                ]
                return first.union(*rest)
        name = key_of(node)
        if name:
            return self._readings_of_name(name, id(node), inner=inner)
        children = ast.iter_child_nodes(node)
        return set[Reading]().union(
            *(self.readings_of(one, inner=inner) for one in children)
        )

    def _readings_of_name(self, name: str, place: int, *, inner: bool) -> set[Reading]:
        found = set(self.state.readings.get(name, ()))
        is_told = self.time_of_name(name) is not None
        if is_told or name in self.state.parameters:
            found.add((name, place))
            if inner or self.depth > self.state.depths.get(name, 0):
                found.add((name, -place))
        return found

    # --- What a statement does ------------------------------------------------------

    def bind(self, target: ast.AST, value: ast.expr | None, *, each: bool) -> None:
        """Bind a target to a value, or, for a loop (`each`), to the items of the value."""
        for one, part, is_each in _pairs(target, value, each=each):
            name = key_of(one)
            if name:
                self._set(name, part)
            elif isinstance(one, ast.Tuple | ast.List):
                for inner in one.elts:
                    self.bind(inner, part, each=is_each)
            elif isinstance(one, ast.Starred):
                self.bind(one.value, part, each=is_each)
            elif part is not None and isinstance(one, ast.expr):
                self.add(root_of(one), part)

    def bind_item(self, target: ast.AST, items: ast.expr) -> None:
        """Bind the target of a loop, in which its body stands."""
        self.bind(target, items, each=True)
        for name in (key_of(one) for one in ast.walk(target)):
            if name in self.state.depths:
                self.state.depths[name] = self.depth + 1

    def _set(self, name: str, value: ast.expr | None) -> None:
        time = None if value is None else self.time_of(value)
        read = frozenset() if value is None else frozenset(read_in(value))
        readings = frozenset() if value is None else self.readings_of(value)
        self.state.forget(name)
        if time is not None:
            self.state.answers[name] = time
            if "." in name:
                self.attributes.add(name)
        self.state.sources[name] = self.now, read
        self.state.readings[name] = frozenset(readings)
        self.state.depths[name] = self.depth

    def add(self, name: str, value: ast.expr) -> None:
        """Note that the object behind the name now holds the value, too."""
        if not name or self.is_notebook(name):
            return
        time = self.time_of(value)
        if time is not None:
            self.state.answers[name] = max(time, self.state.answers.get(name, time))
        known = self.state.readings.get(name, frozenset())
        self.state.readings[name] = known | self.readings_of(value)

    def follow_calls(self, node: ast.AST) -> None:
        """Note what the calls in the expression are given, and what they collect."""
        for call in ast.walk(node):
            if isinstance(call, ast.NamedExpr):
                self.bind(call.target, call.value, each=False)
            if not isinstance(call, ast.Call):
                continue
            self._tell_parameters(call)
            if self.asks(call):
                self._give(call)
            elif isinstance(call.func, ast.Attribute):
                for one in call.args:
                    self.add(root_of(call.func), one)

    def _give(self, call: ast.Call) -> None:
        named = [(each.arg or "", each.value) for each in call.keywords]
        slots: list[tuple[int | str, ast.expr]] = [*enumerate(call.args), *named]
        for slot, value in slots:
            for name in set(self._with_sources(read_in(value))):
                self.state.given.setdefault(name, self.now)
                givings = self.state.givings.get(name, [])
                self.state.givings[name] = [*givings, (root_of(call.func), slot)]

    def _with_sources(self, names: Iterator[str]) -> Iterator[str]:
        """Yield the names, and the test's own that their values may be made of."""
        for name in names:
            yield name
            _, found = self.state.sources.get(name, (0.0, frozenset[str]()))
            yield from (one for one in found if not self.is_notebook(one))

    def _tell_parameters(self, call: ast.Call) -> None:
        """Note which parameters of the test's own functions get an answer."""
        name = self._own_function(call.func)
        for function in self.names.functions.get(name, ()):
            known = [one for one in parameters(function) if one not in {"self", "cls"}]
            for place, value in enumerate(call.args):
                if self.time_of(value) is not None:
                    is_open = isinstance(value, ast.Starred) or place >= len(known)
                    found = known if is_open else [known[place]]
                    self.told.update((name, one) for one in found)
            for each in call.keywords:
                if self.time_of(each.value) is not None:
                    self.told.add((name, each.arg or ""))

    def enter(self, function: Function) -> None:
        """Begin the body of one of the test's functions."""
        taken = self.names.taken(function)
        own = parameters(function)
        for name in own:
            self.state.forget(name)
            if (function.name, name) in self.told and name not in taken:
                self.state.answers[name] = ALWAYS
        self.state.notebook = self.state.notebook - frozenset(own) | taken
        helpers = frozenset(own) - taken - {"self", "cls"}
        self.state.parameters = self.state.parameters - frozenset(own) | helpers


def is_measure(node: ast.AST) -> bool:
    """Return whether the expression asks only for the kind or the size of a value."""
    match node:
        case ast.Attribute(attr=name):
            return name in _MEASURES
        case ast.Call(func=ast.Name(id=name)):
            return name in _MEASURING
    return False


def _is_chain(node: ast.expr) -> bool:
    """Return whether the expression is a name with attributes, and nothing else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _pairs(
    target: ast.AST, value: ast.expr | None, *, each: bool
) -> Iterator[tuple[ast.AST, ast.expr | None, bool]]:
    """Yield the parts of a target with what each is bound to, as far as the text tells."""
    parts = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    match value:
        case ast.Tuple(elts=values) | ast.List(elts=values) if (
            not each and parts and len(parts) == len(values)
        ):
            yield from (
                (one, part, False) for one, part in zip(parts, values, strict=True)
            )
        case ast.Call(func=ast.Name(id="zip"), args=values) if (
            each and parts and len(parts) == len(values)
        ):
            for one, part in zip(parts, values, strict=True):
                yield from _pairs(one, part, each=True)
        case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]) if (
            each and len(parts) == 2  # noqa: PLR2004 - the number and the item
        ):
            yield parts[0], None, False
            yield from _pairs(parts[1], inner, each=True)
        case _:
            yield target, value, each
