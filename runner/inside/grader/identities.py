"""`is` where a test compares an object of the student's with one of Python's or a library's.

The stand-in is never the same object as `max`, even where the notebook's `my_max` is. So
the tests' source is compiled to ask the snapshot: by the place of the object that the test
has named, which both processes have. Other objects of a test are not in the notebook.
"""

import ast
import operator
import sys
import types
import unittest
from collections.abc import Callable
from typing import Any, Final, TypeVar

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.error_classes import StudentClass
from runner.inside.grader.handle_classes import HandleType
from runner.inside.grader.handle_parts import (
    is_handle,
    label_of,
    number_of,
    observations_of,
    student_of,
)
from runner.inside.values.own_classes import OwnClass

Tree = TypeVar("Tree", bound=ast.AST)

# The name by which the tests' own source finds `is_same`.
NAME: Final = "__is_asking__"
_NOT_INSTALLED: Final = frozenset(("__main__", "checks", "__mp_main__"))
# Says whether an answer is the very value that a test has given.
_is_given_back: list[Callable[[Any, Any], bool]] = [lambda _, __: False]
# What is not a function, a class or a method, but one object in every process.
_NAMED: Final = (
    *(type, types.FunctionType, types.BuiltinFunctionType, types.MethodType),
    *(types.MethodDescriptorType, types.WrapperDescriptorType, types.ModuleType),
)


class _AsksForIdentity(ast.NodeTransformer):
    """Replace `x is y` by `NAME(x, y)`, unless one of them is a constant such as None."""

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        if len(node.ops) > 1 or any(isinstance(one, ast.Constant) for one in sides):
            return node
        if not isinstance(node.ops[0], ast.Is | ast.IsNot):
            return node
        function = ast.Name(id=NAME, ctx=ast.Load())
        made: ast.expr = ast.Call(func=function, args=sides, keywords=[])
        if isinstance(node.ops[0], ast.IsNot):
            made = ast.UnaryOp(op=ast.Not(), operand=made)
        return ast.copy_location(made, node)


def with_asked_identities(tree: Tree) -> Tree:
    """Return the tree, changed so that `is` is asked for by `is_same`."""
    _AsksForIdentity().visit(tree)
    return ast.fix_missing_locations(tree)


def install() -> None:
    """Replace the functions of Python's library that compare by `is` for a test."""
    functions: Any = operator
    for function in (is_, is_not):
        function.__module__ = "_operator"
        setattr(functions, function.__name__, function)
    cases: Any = unittest.TestCase
    for name in ("assertIs", "assertIsNot"):
        setattr(cases, name, _asserting(getattr(cases, name)))


def is_same(one: Any, other: Any) -> bool:
    """Return `one is other`, as the notebook would say."""
    if one is other:
        return True
    if is_handle(one) and is_handle(other):
        is_known = student_of(one) is student_of(other)
        return is_known and number_of(one) == number_of(other)
    for this, that in ((one, other), (other, one)):
        if issubclass(type(this), HandleType | OwnClass | StudentClass):
            return bool(this == that)
        if is_handle(this):
            return _is_named(this, that)
    return _is_given_back[0](one, other)


def compare_given_by(are_one: Callable[[Any, Any], bool]) -> None:
    """Set what says whether an answer is the very value that a test has given."""
    _is_given_back[0] = are_one


def ask_in(tree: ast.AST) -> bool:
    """Return whether the tests ask whether two objects are one."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(
                ops=[ast.Is() | ast.IsNot()], left=one, comparators=[other]
            ):
                if not isinstance(one, ast.Constant) and not isinstance(
                    other, ast.Constant
                ):
                    return True
            case ast.Attribute(attr="assertIs" | "assertIsNot" | "is_" | "is_not"):
                return True
    return False


def is_(a: Any, b: Any, /) -> bool:
    """Return `a is b`."""
    return is_same(a, b)


def is_not(a: Any, b: Any, /) -> bool:
    """Return `a is not b`."""
    return not is_same(a, b)


def _asserting(own: Callable[..., None]) -> Callable[..., None]:
    def asserting(self: Any, first: Any, second: Any, msg: Any = None) -> None:
        own(self, first, first if is_same(first, second) else second, msg)

    return asserting


def _is_named(handle: Any, other: Any) -> bool:
    """Return whether the object is the one that the test has named."""
    place = place_of(other)
    if place is None:
        return False
    seen, student = observations_of(handle), student_of(handle)
    if place == "":
        raise NotDataError(
            f"{label_of(handle)} cannot be compared by `is` with {other!r}, which has no "
            "name in a library: let a function of the notebook compare them"
        )
    key = "is", place
    return seen.fact(key, lambda: student.ask("is_at", handle, place) is True)


def place_of(value: Any) -> str | None:
    """Return where both processes have the object: "module:name".

    None means that it is the test's own, "" that no place is known.
    """
    module = getattr(value, "__module__", None)
    if module in _NOT_INSTALLED or type(value).__module__ in _NOT_INSTALLED:
        return None
    if isinstance(value, types.ModuleType):
        return f"{value.__name__}:"
    if not (isinstance(value, _NAMED) or hasattr(value, "__name__")):
        return None
    return _place_by_name(value) or _place_by_search(value) or (module and "")


def _place_by_name(value: Any) -> str | None:
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    module = getattr(value, "__module__", None)
    for home in (module, "builtins", *tuple(sys.modules)):
        for path in (str(name), str(name).rpartition(".")[2]):
            if home not in _NOT_INSTALLED and _found(home, path) is value:
                return f"{home}:{path}"
    return None


def _place_by_search(value: Any) -> str | None:
    """Return the place of an object under another name, such as `types.CodeType`."""
    for home, known in tuple(sys.modules.items()):
        for path, one in tuple(getattr(known, "__dict__", {}).items()):
            if one is value and home not in _NOT_INSTALLED:
                return f"{home}:{path}"
    return None


def _found(module: str | None, path: str) -> object:
    found: Any = sys.modules.get(str(module))
    for name in path.split("."):
        known = getattr(found, "__dict__", None)
        found = None if known is None else known.get(name)
    return found
