"""The comparisons in a test's expressions, and the values that these read."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from runner.protocol.test_names import key_of
from runner.protocol.told_values import is_measure

# Functions and methods that compare, besides those whose name begins with `assert`.
_COMPARING: Final = frozenset(
    (
        *("allclose", "array_equal", "array_equiv", "compare", "eq", "equal"),
        *("equals", "isclose", "isdisjoint", "issubset", "issuperset", "ne"),
    )
)
# Assertions about a single value, in which comparisons may stand.
ASSERTING: Final = frozenset(
    ("assertTrue", "assertFalse", "assert_", "assertIsNone", "assertIsNotNone")
)


@dataclass(frozen=True)
class Leaf:
    """A value that is looked at: a name, and the attributes and items that follow.

    Each step of the `path` is an attribute's name (True) or a key (False). If
    `is_measure`, the test asks only for the value's kind or size.
    """

    name: str
    path: tuple[tuple[bool, object], ...] = ()
    is_measure: bool = False


def compares(node: ast.AST) -> bool:
    """Return whether the expression compares values, or asserts something of them."""
    match node:
        case ast.Compare():
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            if name in ASSERTING or name.startswith(("assertRaises", "assertWarns")):
                return False
            return name in _COMPARING or name.startswith("assert")
    return False


def denies(node: ast.expr) -> bool:
    """Return whether the comparison says that two values differ."""
    match node:
        case ast.Compare(ops=[ast.NotEq() | ast.IsNot()]):
            return True
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in {"assertNotEqual", "assertIsNot"}
    return False


def sides_of(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the expression, or the pairs that it compares: `(out, a) == (b, c)`."""
    match node:
        case ast.Compare(
            left=ast.Tuple(elts=left) | ast.List(elts=left),
            comparators=[ast.Tuple(elts=right) | ast.List(elts=right)],
        ) if left and len(left) == len(right):
            for pair in zip(left, right, strict=True):
                yield ast.Tuple(elts=list(pair), ctx=ast.Load())
        case _:
            yield node


def leaves_of(node: ast.AST, *, is_measure: bool = False) -> Iterator[Leaf]:
    """Yield the values that the expression reads."""
    is_measure = is_measure or _is_measured(node)
    path: list[tuple[bool, object]] = []
    inner: ast.AST = node
    while not key_of(inner):
        match inner:
            case ast.Attribute(value=value, attr=attr):
                path.append((True, attr))
            case ast.Subscript(value=value, slice=ast.Constant(value=key)):
                path.append((False, key))
            case _:
                break
        inner = value
    name = key_of(inner)
    if name:
        if isinstance(getattr(inner, "ctx", None), ast.Load):
            yield Leaf(name, tuple(reversed(path)), is_measure)
        return
    for child in ast.iter_child_nodes(inner):
        yield from leaves_of(child, is_measure=is_measure)


def _is_measured(node: ast.AST) -> bool:
    """Return whether the expression, or the method that it calls, is a measure."""
    if isinstance(node, ast.Call) and is_measure(node.func):
        return True
    return is_measure(node)


def bodies_of(node: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    """Yield the lists of statements that stand in a statement."""
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for handler in getattr(node, "handlers", []):
        yield handler.body
    for case in getattr(node, "cases", []):
        yield case.body
