"""Find tests that ask whether two values are one object, or share their memory.

A value that the student's code returns arrives as a new value in the tests' own
process, at each answer. It is never an object of the test's, and shares no memory with
one. A test that requires this passes for all work.
"""

import ast
from collections.abc import Iterator
from typing import Final

from formats.assignment.unpickling import Finding

_METHODS: Final = frozenset(("data_ptr", "untyped_storage", "storage"))
_FUNCTIONS: Final = frozenset(("shares_memory", "may_share_memory"))
_TYPES: Final = frozenset(
    ("int", "float", "complex", "bool", "str", "bytes", "list", "tuple", "dict", "set")
)
_DTYPES: Final = frozenset(
    (
        *("float16", "float32", "float64", "bfloat16", "int8", "int16", "int32"),
        *("int64", "uint8", "bool", "half", "float", "double", "long", "dtype"),
    )
)
_HINT: Final = (
    "Let a function of the notebook compare the two, or change one of them and return "
    "the other."
)


def find_identity_checks(tree: ast.Module) -> Iterator[Finding]:
    """Yield a note for each check whether two values are one, or share memory."""
    for node in ast.walk(tree):
        look = _look(node)
        if look:
            yield Finding(
                message=f"`{look}` says nothing about lists, arrays and other values "
                "that the student's code returns: the test gets a new copy of each.",
                line=getattr(node, "lineno", 1),
                hint=_HINT,
                is_certain=False,
            )


def _look(node: ast.AST) -> str:
    match node:
        case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[right]):
            if not (_is_fixed(left) or _is_fixed(right)):
                return ast.unparse(node)
        case ast.Call(func=ast.Attribute(attr=name)):
            if name in _METHODS and not node.args:
                return f"{name}()"
            if name in _FUNCTIONS:
                return name
            if name == "assertIsNot":
                return name
        case ast.Attribute(attr="_version", ctx=ast.Load()):
            return "_version"
    return ""


def _is_fixed(node: ast.expr) -> bool:
    """Return whether each process has only one such object: None, a class, a module."""
    match node:
        case ast.Constant():
            return True
        case ast.Call(func=ast.Name(id="type")):
            return True
        case ast.Name(id=name):
            return name[:1].isupper() or name in _TYPES
        case ast.Attribute(attr=name):
            return name[:1].isupper() or name.startswith("__") or name in _DTYPES
    return False
