"""`hash(x)` where a test asks for it: the number that the student's class gives.

Python also hashes the objects in sets and dictionaries. There different objects get
different numbers, since they are not compared here (see `handle_hashes`). That does not
use the function `hash`. So this function itself is replaced, for the tests, the course's
modules and libraries alike. The tests' source is compiled here, so that `x.__hash__()` in
it goes through `hash_as_class_gives_it`.
"""

import ast
import builtins
from collections.abc import Callable
from typing import Any, Final, TypeVar

from runner.inside.grader.handle_hashes import own_hash_of
from runner.inside.grader.handle_parts import is_handle
from runner.inside.grader.received_values import is_building

Tree = TypeVar("Tree", bound=ast.AST)

# The name by which the tests' own source finds `hash_as_class_gives_it`.
NAME: Final = "__hash_asking__"
_METHOD: Final = "__hash__"
_builtin_hash: Final[Callable[[object], int]] = builtins.hash
# Python hashes these by the hashes of their items.
_BY_ITEMS: Final[tuple[Any, ...]] = (tuple, frozenset)
_PLAIN: Final = frozenset((int, float, bool, complex, str, bytes, type(None)))


class _AsksTheClass(ast.NodeTransformer):
    """Replace `x.__hash__()` by `hash_as_class_gives_it(x)()`."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr="__hash__"), args=[]):
                function = ast.Name(id=NAME, ctx=ast.Load())
                asked = ast.Call(func=function, args=[value], keywords=[])
                node.func = ast.copy_location(asked, node)
        return node


def with_class_hashes(tree: Tree) -> Tree:
    """Return the tree, changed so that a hash is asked for as the class gives it."""
    _AsksTheClass().visit(tree)
    return ast.fix_missing_locations(tree)


def hash_as_class_gives_it(value: Any) -> Any:
    """Return the method `__hash__` that the test has named.

    For an object of the student's, or what holds one, it asks the object's class.
    """
    is_asked = is_handle(value) or _by_items(type(value))
    return (lambda: _asked_hash(value)) if is_asked else getattr(value, _METHOD)


def install() -> None:
    """Replace Python's own `hash`."""
    asked: Any = _asked_hash
    # So that it can be pickled by its name, and given to the student's code.
    asked.__name__ = asked.__qualname__ = "hash"
    asked.__module__ = "builtins"
    vars(builtins)["hash"] = asked


class _Told:
    """An object with the hash that the student's class gave, in the object's place."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __hash__(self) -> int:
        return self._number


def _asked_hash(value: object, /) -> int:
    """Return the value's hash, made of the numbers that the student's classes give.

    While an answer arrives, nothing more can be asked.
    """
    return _builtin_hash(value if is_building() else _told(value))


def _told(value: Any) -> Any:
    """Return the value, with the class's hash in the place of each object in it."""
    if is_handle(value):
        return _Told(own_hash_of(value))
    kind = _by_items(type(value))
    if kind is None:
        return value
    items = list(kind.__iter__(value))
    return value if set(map(type, items)) <= _PLAIN else kind(map(_told, items))


def _by_items(kind: Any) -> Any:
    """Return `tuple` or `frozenset` if values of the class are hashed as theirs, or None."""
    return next((one for one in _BY_ITEMS if kind.__hash__ is one.__hash__), None)
