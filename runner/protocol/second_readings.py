"""Find assertions that an object gives the same values when it is read twice.

`assert torch.equal(ds[0][0], ds[0][0])` is one. So is `assert a == b`, if both names were
bound to such a reading, also by `for a, b in zip(loader, loader)`. Only the plainest
forms count: lengths, sums and sorted items are equal even if the order of the items has
changed.
"""

import ast
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from runner.protocol.test_expressions import Texts, key_of, stored_in

# An object's name, and the dump of the key that is read, or "" for all items.
Reading = tuple[str, str]
# Calls that keep each item and the order.
_KEEPING: Final = frozenset(
    (
        *("array", "asarray", "as_tensor", "cat", "clone", "concat", "concatenate"),
        *("copy", "cpu", "detach", "flatten", "float", "hstack", "int", "item", "iter"),
        *("list", "next", "numpy", "ravel", "stack", "tensor", "to_list", "tolist"),
        *("tuple", "vstack"),
    )
)
_PARTS: Final = (
    *(ast.Constant, ast.Tuple, ast.List, ast.ListComp, ast.GeneratorExp),
    *(ast.comprehension, ast.Starred, ast.Slice, ast.Return, ast.expr_context),
    *(ast.UnaryOp, ast.USub),
)
_EQUAL: Final = frozenset(("allclose", "array_equal", "array_equiv", "equal", "equals"))
_NONE: Final = frozenset[Reading]()


def compared(node: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the two sides if the asserted expression is one comparison of two values."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            yield from compared(inner)
        case ast.Call(func=ast.Name(id="all" | "bool"), args=[inner]):
            is_each = isinstance(inner, ast.GeneratorExp | ast.ListComp)
            yield from compared(inner.elt if is_each else inner)  # type: ignore[attr-defined]
        case ast.Call(func=ast.Attribute(value=inner, attr="all"), args=[]):
            yield from compared(inner)
        case ast.Call(
            func=ast.Attribute(attr="assertTrue" | "assertFalse"), args=[inner, *_]
        ):
            yield from compared(inner)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            yield left, right
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=args):
            yield from _arguments(node, name, args)


def _arguments(
    node: ast.Call, name: str, args: list[ast.expr]
) -> Iterator[tuple[ast.expr, ast.expr]]:
    is_asserted = name.startswith("assert") and name.lower().endswith(
        ("equal", "close")
    )
    if name not in _EQUAL and not is_asserted:
        return
    if len(args) > 1:
        yield args[0], args[1]
    elif len(args) == 1 and isinstance(node.func, ast.Attribute):
        yield node.func.value, args[0]


def _within(node: ast.AST) -> list[ast.AST]:
    return list(ast.walk(node))


def _sides(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the names that a loop over `zip` binds, each with what it goes through.

    The first part of an item is the input, the next may be a label.
    """
    match target, value:
        case (
            ast.Tuple(elts=[_, inner]),
            ast.Call(func=ast.Name(id="enumerate"), args=[each, *_]),
        ):
            yield from _sides(inner, each)
        case ast.Tuple(elts=parts), ast.Call(func=ast.Name(id="zip"), args=sides):
            for part, side in zip(parts, sides, strict=False):
                yield _input_of(part), side


def _input_of(target: ast.expr) -> ast.expr:
    while isinstance(target, ast.Tuple | ast.List) and target.elts:
        target = target.elts[0]
    return target


class Readings:
    """The readings of the notebook's objects that names of the test hold."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._kept: dict[str, frozenset[Reading]] = {}

    def keep(self, name: str, found: frozenset[Reading]) -> None:
        """Note the readings that the name holds, or that it holds none."""
        self._kept.pop(name, None)
        if name and found:
            self._kept[name] = found

    def same(self, node: ast.expr, own: Collection[str]) -> frozenset[str]:
        """Return the objects of which the assertion compares two readings of one kind.

        `own` are the test's names that hold no answers.
        """
        for left, right in compared(node):
            with self._zipped(node, own):
                found = self.of(left, own) & self.of(right, own)
            return frozenset(name for name, _ in found)
        return frozenset()

    @contextmanager
    def _zipped(self, node: ast.expr, own: Collection[str]) -> Iterator[None]:
        """Let the names that loops over `zip` bind hold what they read, inside."""
        before = dict(self._kept)
        loops = [loop for loop in self._texts.loops if node in _within(loop)]
        pairs: list[tuple[ast.expr, ast.expr]] = []
        for loop in loops:
            counts = Counter(stored_in(loop))
            pairs += [
                (target, value)
                for target, value in _sides(loop.target, loop.iter)
                if counts[key_of(target)] == 1
            ]
        for each in _within(node):
            if isinstance(each, ast.comprehension):
                pairs += _sides(each.target, each.iter)
        for target, value in pairs:
            self.keep(key_of(target), self.of(value, own))
        try:
            yield
        finally:
            self._kept = before

    def of(self, node: ast.AST, own: Collection[str]) -> frozenset[Reading]:
        """Return what the expression reads, or nothing if it also does something else."""
        try:
            return frozenset(self._read(node, frozenset(own)))
        except _OtherError:
            return _NONE

    def _read(self, node: ast.AST, own: frozenset[str]) -> Iterator[Reading]:
        match node:
            case ast.Name(id=name):
                yield from self._name(name, own)
                return
            case ast.Subscript(value=ast.Name(id=name), slice=key) if self._is_object(
                name, own
            ):
                yield name, ast.dump(key)
                return
            case ast.Subscript(value=inner, slice=ast.Constant(value=0) | ast.Slice()):
                yield from self._read(inner, own)
                return
            case ast.Call(func=function, args=args):
                yield from self._call(function, args, own)
                return
            case ast.ListComp(elt=elt) | ast.GeneratorExp(elt=elt):
                yield from self._comprehension(node, elt, own)
                return
        if not isinstance(node, _PARTS):
            raise _OtherError
        for child in ast.iter_child_nodes(node):
            yield from self._read(child, own)

    def _name(self, name: str, own: frozenset[str]) -> Iterator[Reading]:
        if name in self._kept:
            yield from self._kept[name]
        elif self._is_object(name, own):
            yield name, ""

    def _is_object(self, name: str, own: frozenset[str]) -> bool:
        is_known = name in own or name in self._kept
        return not (is_known or self._texts.is_no_answer(name))

    def _call(
        self, function: ast.expr, args: list[ast.expr], own: frozenset[str]
    ) -> Iterator[Reading]:
        match function:
            case ast.Name(id=name) if name in self._texts.functions:
                helper = self._texts.functions[name]
                names = {one.arg for one in helper.args.args}
                given = "".join(map(ast.dump, args))
                for each in helper.body:
                    for found, key in self._read(each, own | names):
                        yield found, key + given
            case ast.Name(id=name) if name in _KEEPING:
                pass
            case ast.Attribute(value=ast.Name(id=root), attr=name) if (
                name in _KEEPING and root in self._texts.libraries
            ):
                pass
            case ast.Attribute(value=value, attr=name) if name in _KEEPING:
                yield from self._read(value, own)
            case _:
                raise _OtherError
        for one in args:
            yield from self._read(one, own)

    def _comprehension(
        self, node: ast.ListComp | ast.GeneratorExp, elt: ast.expr, own: frozenset[str]
    ) -> Iterator[Reading]:
        for each in node.generators:
            target = each.target
            if isinstance(target, ast.Tuple) and target.elts:
                parts = {key_of(one) for one in target.elts[1:]}
                used = {key_of(one) for one in ast.walk(elt)}
                if key_of(target.elts[0]) not in used and parts & used:
                    raise _OtherError  # labels may be the same where inputs are not
            if each.ifs:
                raise _OtherError
            names = {key_of(one) for one in ast.walk(target) if key_of(one)}
            yield from self._read(each.iter, own)
            own = own | names
        yield from self._read(elt, own)


class _OtherError(Exception):
    """The expression does more than read."""
