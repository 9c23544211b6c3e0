"""The base classes of the student's exceptions, as a test is told of them.

A class made here is never derived from one that steers the interpreter, such as
StopIteration, even where the notebook's class is. So a test that asks for base classes is
answered by a second class, which has all bases that the snapshot has told of. Nothing is
raised by that class, and no `except` finds it. The tests' source is compiled here, so that
`issubclass(E, …)` in it goes through `class_asked_for`.
"""

import ast
import types
from typing import Any, Final, TypeVar

from runner.inside.grader.answers import NotDataError

Tree = TypeVar("Tree", bound=ast.AST)

# The name by which the tests' own source finds `class_asked_for`.
NAME: Final = "__error_asking__"
# What a test asks a class for its bases by.
NAMES: Final = frozenset(("__mro__", "mro", "__bases__", "__base__"))
# In the second class, the class for which it stands.
_BEHIND: Final = "_StudentBaseError__behind"
_SECOND: Final = "_StudentBaseError__second"
_OF_GRADER: Final = "runner.inside.grader.error_classes"


class _AsksForBases(ast.NodeTransformer):
    """Replace `issubclass(E, …)` by `issubclass(NAME(E), …)`."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="issubclass"), args=[kind, other]):
                function = ast.Name(id=NAME, ctx=ast.Load())
                asked = ast.Call(func=function, args=[kind], keywords=[])
                node.args = [ast.copy_location(asked, kind), other]
        return node


def with_asked_bases(tree: Tree) -> Tree:
    """Return the tree, changed so that `issubclass` is told all bases of an error."""
    _AsksForBases().visit(tree)
    return ast.fix_missing_locations(tree)


def class_asked_for(kind: Any) -> Any:
    """Return the class that answers `issubclass` for this one."""
    return class_for_test(kind) if _is_student_s(kind) else kind


def behind(kind: Any) -> Any:
    """Return the class for which a second class stands, and any other class itself."""
    return type.__getattribute__(kind, "__dict__").get(_BEHIND, kind)


def stood_for(kind: Any) -> Any:
    """Return the class of Python's or a library's for which this one stands, or itself."""
    if not _is_student_s(kind) or vars(kind)["__module__"] == _OF_GRADER:
        return kind
    is_one = vars(kind)["told"] is not None and _is_built_in(kind)
    return vars(kind)["told"][0] if is_one and vars(kind)["handle"] is None else kind


def class_for_test(kind: Any) -> Any:
    """Return the class itself, or the second one if it has bases that are not imitated.

    Raises NotDataError if not all of its bases are known.
    """
    own = type.__getattribute__(kind, "__mro__")
    if all(_is_shown(one) for one in own if _is_student_s(one)):
        return kind
    return _second_of(kind)


def of_test(kind: Any, name: str) -> Any:
    """Return what a test gets as the bases of a class. Raises NotDataError like above."""
    second = _second_of(kind)
    found = getattr(second, name)
    if name == "mro":
        return lambda: list(map(behind, second.__mro__))
    return behind(found) if name == "__base__" else tuple(map(behind, found))


def _is_shown(kind: Any) -> bool:
    """Return whether Python itself tells the bases of this class of the student's."""
    told = vars(kind)["told"]
    own = type.__getattribute__(kind, "__mro__")
    return told is not None and all(_is_student_s(one) or one in own for one in told)


def _is_student_s(kind: Any) -> bool:
    return isinstance(kind, type) and type(kind).__module__ == _OF_GRADER


def _second_of(kind: Any) -> Any:
    """Return the class that has all bases that were told. Raises NotDataError."""
    own = vars(kind)
    if own["told"] is None:
        raise _refused(kind)
    if own["__module__"] == _OF_GRADER or _is_built_in(kind):
        return own["told"][0]
    if _SECOND not in own:
        bases = tuple(_second_of(one) for one in own["told"])
        body = {"__module__": own["__module__"], _BEHIND: kind}
        try:
            made = types.new_class(
                kind.__name__, bases, exec_body=lambda to: to.update(body)
            )
        except Exception as error:  # a library's class may refuse it
            raise _refused(kind) from error
        type.__setattr__(kind, _SECOND, made)
    return own[_SECOND]


def _is_built_in(kind: Any) -> bool:
    """Return whether the class stands for one of Python or of a library."""
    told = vars(kind)["told"]
    return len(told) == 1 and not _is_student_s(told[0])


def _refused(kind: type) -> NotDataError:
    return NotDataError(
        f"not all bases of the notebook's class {kind.__name__!r} are known here: let a "
        "function of the notebook ask for them"
    )
