"""`str.format` for a template of the student's, which may name values and no more.

`{user.__init__.__globals__[want]}` would read the tests' own variables. The tests'
source is compiled here, so that each `template.format` in it goes through `format_of`.
"""

import ast
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from runner.inside.grader import refusals
from runner.inside.grader.staff_texts import STAFF_TEXTS

Tree = TypeVar("Tree", bound=ast.AST)

# The name by which the tests' own modules find `format_of`.
NAME: Final = "__format_of__"
_METHODS: Final = frozenset(("format", "format_map"))
_WORDS: Final = (
    "tests may not fill in a student's template that reads attributes or items ({x.y}, "
    "{x[0]}): let a function of the notebook do it"
)


class _GuardsFormats(ast.NodeTransformer):
    """Replace each `format` method of an expression by a call of `format_of`."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        is_literal = isinstance(node.value, ast.Constant | ast.JoinedStr)
        is_read = isinstance(node.ctx, ast.Load)
        if node.attr not in _METHODS or is_literal or not is_read:
            return node
        name = ast.Name(id=NAME, ctx=ast.Load())
        call = ast.Call(
            func=name, args=[node.value, ast.Constant(node.attr)], keywords=[]
        )
        return ast.copy_location(call, node)


def with_checked_templates(tree: Tree) -> Tree:
    """Return the tree, changed so that every template is checked before it is filled in."""
    _GuardsFormats().visit(tree)
    return ast.fix_missing_locations(tree)


def format_of(receiver: Any, name: str) -> Any:
    """Return the method. Raises PermissionError for a template that reads attributes."""
    if receiver is str:
        return _unbound(name)
    if isinstance(receiver, str):
        check_template(receiver)
    return getattr(receiver, name)


def _unbound(name: str) -> Callable[..., str]:
    def method(template: str, *arguments: object, **named: object) -> str:
        found: str = format_of(template, name)(*arguments, **named)
        return found

    return method


def check_template(template: str) -> None:
    """Raise PermissionError for a template that reads attributes and is not the staff's."""
    if _reads(template) and not STAFF_TEXTS.covers(template):
        raise refusals.not_permitted(_WORDS)


def _reads(template: str) -> bool:
    """Return whether a field of the template is more than a name."""
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        return False  # `format` refuses it itself
    return any(
        field is not None and ("." in field or "[" in field or _reads(inner or ""))
        for _, field, inner, _ in fields
    )


def guard_formatter() -> None:
    """Check from now on the templates that tests fill in by `string.Formatter`."""
    formatter: Any = string.Formatter
    fill_in = formatter.vformat

    def vformat(
        self: Any, template: str, values: Sequence[Any], named: Mapping[str, Any]
    ) -> Any:
        frame: Any = sys._getframe(1)  # noqa: SLF001 - who calls
        while frame is not None and frame.f_globals is vars(string):
            frame = frame.f_back
        if frame is not None and NAME in frame.f_globals:
            check_template(template)
        return fill_in(self, template, values, named)

    formatter.vformat = vformat
