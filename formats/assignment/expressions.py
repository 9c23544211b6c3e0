"""The parts of expressions and assignments, and the fates of their values."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from formats.assignment.call_effects import PART_METHODS
from formats.assignment.fates import GIVEN, SEEN, TAKEN, Fate, Node, ValueFate
from formats.notebook.cell_syntax import last_name

_COMPUTED: Final = (ast.UnaryOp, ast.Compare, ast.JoinedStr, ast.Slice)
_SHOWN: Final = (ast.Expr, ast.Assert, ast.FormattedValue)
GATHERED: Final = (
    *(ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Starred, ast.Await, ast.BoolOp),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.keyword),
)
# Operators that make one list, set or dictionary of two.
JOINING: Final = (ast.Add, ast.Sub, ast.BitOr, ast.BitAnd)


def is_new_object(value: ast.expr) -> bool:
    """Return whether the value is a new object: a call of a name with a capital."""
    while True:
        match value:
            case ast.Call(func=ast.Attribute(value=inner, attr=name)) if (
                name in PART_METHODS
            ):
                value = inner
            case ast.Call(func=function):
                return last_name(function)[:1].isupper()
            case _:
                return False


def given_values(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(one.value for one in node.keywords)]


def elements_of(values: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """Yield the values, and for lists and dictionaries what is in them."""
    left = list(values)
    while left:
        node = left.pop()
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            left += node.elts
        elif isinstance(node, ast.Dict):
            left += node.values
        else:
            yield node


def holders_of(owners: Iterable[tuple[Node, Fate]]) -> list[str]:
    """Return the names of those that hold a value itself, or a part of it."""
    return [
        owner
        for owner, least in owners
        if isinstance(owner, str) and least <= Fate.TAKEN
    ]


def part_fate(node: ast.AST, fate: ValueFate) -> ValueFate:
    """Return the fates of the parts of a node."""
    if isinstance(node, _SHOWN):
        return SEEN
    if isinstance(node, _COMPUTED):
        return fate.of_part(Fate.DERIVED)
    if isinstance(node, GATHERED):
        return fate
    if isinstance(node, ast.Return | ast.Yield):
        return GIVEN
    if isinstance(node, ast.expr):
        return replace(fate, level=max(fate.level, Fate.TAKEN))
    return TAKEN


def operand_fate(node: ast.BinOp, fate: ValueFate) -> ValueFate:
    """Return the fates of two operands: lists, sets and dictionaries are joined."""
    joins = isinstance(node.op, JOINING)
    is_display = any(isinstance(one, GATHERED) for one in (node.left, node.right))
    if is_display and (joins or isinstance(node.op, ast.Mult)):
        return fate
    return fate.of_part(Fate.CHANGED if joins else Fate.DERIVED)


def least_of_joined(value: ast.expr) -> Fate:
    """Return the weakest fate that changes a value added to a list in place."""
    return Fate.GIVEN if isinstance(value, GATHERED) else Fate.CHANGED


def assigned_pairs(
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


def leaves_of(target: ast.expr) -> Iterator[ast.expr]:
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
