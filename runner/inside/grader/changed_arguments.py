"""Arguments that the notebook's code has changed, and the tests that look at them.

What a test gives to the notebook is a copy, and a change to it stays there. So
`relu(x); assert torch.equal(x, before)` would pass for work in place. Where a test looks
at a value that it has given, the snapshot is asked whether its copy has changed. If it
has, the check cannot pass. `runner.protocol.argument_looks` finds these places in the
text, and `looking` lets the tests' source ask there.

SECURITY: the snapshot answers this. Code that answers falsely gains only that its
argument counts as unchanged, and it could as well leave the argument unchanged.
"""

import ast
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final, TypeVar

import numpy as np
import torch

from runner.inside.grader import refusals
from runner.inside.grader.handle_parts import is_handle, observations_of
from runner.inside.values.codec import CodecError, Encoder
from runner.protocol.argument_looks import Look
from runner.protocol.test_expressions import Leaf

Tree = TypeVar("Tree", bound=ast.AST)
Ref = Callable[[], Any]
Path = tuple[tuple[bool, object], ...]

# The name by which the tests' own source finds the `Arguments`.
NAME: Final = "__looked_at__"
# What was given in this many messages can still be looked at.
_MESSAGES: Final = 256
_MOST_PARTS: Final = 100_000
_ARRAYS: Final = (np.ndarray, torch.Tensor)
_ITEMS: Final = (list, tuple, set, frozenset, deque)
_WORDS: Final = (
    "The notebook's code has changed {name!r}, which the test has passed to it and looks "
    "at afterwards. The test's own value is unchanged, because arguments are sent as "
    "copies. If the check tests that the argument stays unchanged, it has rightly failed. "
    "To test a function that works in place, compare what the function returns, or let a "
    "function of the notebook make the change and return the value."
)


class ChangedArgumentError(AssertionError):
    """Raised where a test looks at a value that the notebook's code has changed."""

    def __init__(self, name: str) -> None:
        super().__init__(_WORDS.format(name=name))
        refusals.note(self)


@dataclass(frozen=True)
class _Changed:
    """A value that the test has given, and whether its copy has got another size."""

    ref: Ref
    is_resized: bool


class Arguments:
    """The values that one check has given to the notebook, and those that it has changed.

    It is true if there are changed ones. `asks_again` says that the check compares two
    readings of one object.
    """

    def __init__(self) -> None:
        self.begin(is_watching=False, asks_again=False)

    def begin(self, *, is_watching: bool, asks_again: bool) -> None:
        """Forget everything, before another check."""
        self.is_watching = is_watching
        self.asks_again = asks_again
        self._message = 0
        self._given: OrderedDict[int, dict[int, Ref]] = OrderedDict()
        self._changed: list[_Changed] = []

    def __bool__(self) -> bool:
        return bool(self._changed)

    # --- Messages -------------------------------------------------------------------

    def watching(self, encoder: Encoder) -> Encoder:
        """Return the encoder, which numbers what this check may look at later."""
        encoder.numbers_parts = self.is_watching
        return encoder

    def sent(self, encoder: Encoder) -> dict[str, object]:
        """Keep what the message gives. Return what its header says of it."""
        if not self.is_watching:
            return {}
        self._message += 1
        found = {number: _ref(value) for number, value in encoder.numbered()}
        self._given[self._message] = found
        if len(self._given) > _MESSAGES:
            self._given.popitem(last=False)
        return {"watch": self._message}

    def learn(self, header: Mapping[str, Any]) -> None:
        """Note what the snapshot says it has changed. Raises CodecError."""
        told = header.get("changed", [])
        if not isinstance(told, list):
            raise CodecError("the student's process sent an invalid list of changes")
        for one in told:
            match one:
                case [int() as message, int() as number, bool() as is_resized]:
                    ref = self._given.get(message, {}).get(number)
                case _:
                    raise CodecError("the student's process sent an invalid change")
            if ref is not None:
                self._changed.append(_Changed(ref, is_resized))

    # --- Looks ----------------------------------------------------------------------

    def __call__(self, *looks: tuple[str, Path, bool, Ref]) -> None:
        """Raise ChangedArgumentError if a value that is looked at has changed."""
        for name, path, is_measure, read in looks:
            leaf = Leaf(name, path, is_measure)
            try:
                value = read()
            except Exception:  # noqa: BLE001, S112 - the expression itself raises it
                continue
            if any(self._is_changed(one, leaf) for one in _looked_at(value, leaf)):
                raise ChangedArgumentError(leaf.name)

    def compared(self, *reads: Ref) -> None:
        """Raise SecondAnswerError if an object differed when it was read again."""
        for read in reads:
            try:
                value = read()
            except Exception:  # noqa: BLE001, S112 - the name is gone
                continue
            if is_handle(value):
                observations_of(value).second.refuse()

    def _is_changed(self, value: object, leaf: Leaf) -> bool:
        changed = (
            one.ref() for one in self._changed if one.is_resized or not leaf.is_measure
        )
        return any(_is_one(value, one) for one in changed if one is not None)


def _ref(value: Any) -> Ref:
    """Return a function that gives the value, if possible as long as the test keeps it."""
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value


def _looked_at(value: Any, leaf: Leaf) -> Iterator[Any]:
    """Yield the objects on the way to the value at the end of the path, and its parts."""
    for is_attribute, key in leaf.path:
        found = _attribute(value, key) if is_attribute else _item(value, key)
        if not found:
            break
        yield value
        (value,) = found
    yield from _parts(value)


def _attribute(value: Any, name: object) -> list[Any]:
    """Return the attribute, or nothing if code would have to run for it."""
    fields = {} if is_handle(value) else getattr(value, "__dict__", {})
    is_plain = type(fields) is dict or isinstance(fields, MappingProxyType)
    return [fields[name]] if is_plain and name in fields else []


def _item(value: Any, key: object) -> list[Any]:
    if type(value) not in {list, tuple, dict}:
        return []
    try:
        return [value[key]]
    except (LookupError, TypeError):
        return []


def _parts(value: Any) -> Iterator[Any]:
    """Yield the value and everything that it holds, as far as it is a plain container."""
    waiting, met = [value], set[int]()
    while waiting and len(met) < _MOST_PARTS:
        one = waiting.pop()
        if id(one) in met:
            continue
        met.add(id(one))
        yield one
        waiting += _held_by(one)


def _held_by(value: Any) -> Iterable[Any]:
    if is_handle(value):
        return ()
    if isinstance(value, dict):
        return list(dict.values(value))
    if isinstance(value, _ITEMS):
        return list(value)
    if isinstance(value, SimpleNamespace):
        return list(vars(value).values())
    return ()


def _is_one(value: Any, changed: Any) -> bool:
    """Return whether the two are one object, or arrays that share memory."""
    if value is changed:
        return True
    if not (isinstance(value, _ARRAYS) and isinstance(changed, _ARRAYS)):
        return False
    one, other = _span(value), _span(changed)
    return one[0] < other[1] and other[0] < one[1]


def _span(value: Any) -> tuple[int, int]:
    """Return the addresses between which the array's items lie."""
    if isinstance(value, np.ndarray):
        low, high = np.lib.array_utils.byte_bounds(value)
        return int(low), int(high)
    try:
        start = value.data_ptr()
    except (RuntimeError, TypeError):  # it has no storage
        return 0, 0
    steps = zip(value.shape, value.stride(), strict=True)
    last = sum((size - 1) * step for size, step in steps)
    is_empty = 0 in value.shape
    return start, start if is_empty else start + (last + 1) * value.element_size()


# --- The tests' own source ----------------------------------------------------------


class _LooksFirst(ast.NodeTransformer):
    """Replace an expression that looks by `(name and name(…), expression)[1]`.

    One that compares two readings becomes `(expression, name.compared(…))[0]`.
    """

    def __init__(self, looks: Iterable[Look]) -> None:
        self._looks = {id(look.node): look for look in looks}

    def visit(self, node: ast.AST) -> Any:
        look = self._looks.pop(id(node), None)
        inner: Any = self.generic_visit(node)
        if look is None:
            return inner
        name = ast.Name(id=NAME, ctx=ast.Load())
        made = inner
        if look.leaves:
            leaves = [_leaf(leaf) for leaf in look.leaves]
            call = ast.Call(func=name, args=leaves, keywords=[])
            made = _one_of([ast.BoolOp(op=ast.And(), values=[name, call]), made], 1)
        if look.readings:
            asked = ast.Attribute(value=name, attr="compared", ctx=ast.Load())
            reads: list[ast.expr] = [_read(one) for one in sorted(look.readings)]
            made = _one_of([made, ast.Call(func=asked, args=reads, keywords=[])], 0)
        return ast.copy_location(made, node)


def _one_of(parts: list[ast.expr], place: int) -> ast.Subscript:
    pair = ast.Tuple(elts=parts, ctx=ast.Load())
    return ast.Subscript(value=pair, slice=ast.Constant(place), ctx=ast.Load())


def _leaf(leaf: Leaf) -> ast.expr:
    """Return the source of the leaf, and of a function that reads its name."""
    parts: list[Any] = [leaf.name, leaf.path, leaf.is_measure]
    return ast.Tuple(elts=[*map(ast.Constant, parts), _read(leaf.name)], ctx=ast.Load())


def _read(name: str) -> ast.Lambda:
    """Return the source of a function that reads the name."""
    root, _, attribute = name.partition(".")
    value: ast.expr = ast.Name(id=root, ctx=ast.Load())
    if attribute:
        value = ast.Attribute(value=value, attr=attribute, ctx=ast.Load())
    nothing = ast.arguments(
        posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    return ast.Lambda(args=nothing, body=value)


def looking(tree: Tree, looks: Iterable[Look]) -> Tree:
    """Return the tree, changed so that it asks `Arguments` before each of these looks."""
    found = _LooksFirst(looks).visit(tree)
    return ast.fix_missing_locations(found)  # type: ignore[no-any-return]  # the same tree
