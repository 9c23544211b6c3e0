"""Find the values of names in a notebook's code, as far as the text shows them."""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from formats.notebook.cell_syntax import last_name
from formats.notebook.steps import Steps
from runner.protocol.jobs import Scalar

MAX_PATH: Final = 500
# The most attributes of a chain that are searched for the name at its beginning.
MAX_CHAIN: Final = 20
PATHS: Final = frozenset({"Path", "PurePath", "PosixPath", "join", "str"})
_COMPARED: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.eq,
    ast.IsNot: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


@dataclass(frozen=True, kw_only=True)
class Value:
    """A constant to which a name was bound. Without `is_sure` it may be another one."""

    value: Scalar
    is_sure: bool


@dataclass(kw_only=True)
class Scope:
    """The names of the notebook, or of one call of a function.

    `own` are the names that a function binds itself, without those that it declares
    global.
    """

    values: dict[str, Value] = field(default_factory=dict)
    own: frozenset[str] = frozenset()


class Names:
    """The names that the code has bound so far.

    `forced` are the assignment's parameters. A global name of the notebook that is one
    of them always has the forced value.
    """

    def __init__(self, forced: Mapping[str, Scalar], steps: Steps) -> None:
        self._forced = forced
        self._steps = steps
        self.scopes = [Scope()]
        # Above 0 in code that may run again, or later: bindings may then change.
        self.doubt = 0

    def bind(self, name: str, value: Value | None) -> None:
        """Bind the name to the constant, or to an unknown value if it is None."""
        self._steps.spend()
        scope = self.scopes[-1] if name in self.scopes[-1].own else self.scopes[0]
        if value is None:
            scope.values.pop(name, None)
        else:
            scope.values[name] = value

    def find(self, name: str) -> Value | None:
        """Return the value of the name, or None if it is unknown."""
        self._steps.spend(len(self.scopes))
        for scope in self.scopes[:0:-1]:
            if name in scope.own:
                found = scope.values.get(name)
                return self._doubted(found, is_sure=scope is self.scopes[-1])
        if name in self._forced:
            return Value(value=self._forced[name], is_sure=True)
        if name == "__name__":
            return Value(value="__main__", is_sure=True)
        return self._doubted(self.scopes[0].values.get(name), is_sure=True)

    def _doubted(self, found: Value | None, *, is_sure: bool) -> Value | None:
        """Return the value, marked as not sure if the name may be bound again."""
        if found is None or (is_sure and not self.doubt):
            return found
        return Value(value=found.value, is_sure=False)

    def constant(self, node: ast.expr) -> Value | None:
        """Return the constant value of the expression, or None."""
        self._steps.spend()
        if isinstance(node, ast.Constant):
            value = node.value
            if value is None or isinstance(value, str | bool | int | float):
                return Value(value=value, is_sure=True)
            return None
        if isinstance(node, ast.Name):
            return self.find(node.id)
        text = self.text(node)
        return Value(value=text, is_sure=False) if text is not None else None

    def text(self, node: ast.expr) -> str | None:
        """Return the most likely text of the expression, or None.

        None is returned for a text that is longer than any path.
        """
        self._steps.spend()
        if isinstance(node, ast.Constant):
            return self._path(node.value)
        if isinstance(node, ast.Name):
            found = self.find(node.id)
            return self._path(found.value) if found is not None else None
        nodes, glue = _parts(node)
        parts = [self.text(each) for each in nodes]
        known = [part for part in parts if part is not None]
        # The limit keeps a = a + a, line after line, from growing without bound.
        if not known or len(known) < len(parts) or sum(map(len, known)) > MAX_PATH:
            return None
        return glue.join(known)

    def _path(self, value: object) -> str | None:
        is_path = isinstance(value, str) and len(value) <= MAX_PATH
        return self._steps.read(value) if is_path else None  # type: ignore[arg-type]

    def truth(self, node: ast.expr) -> bool | None:
        """Return whether the condition holds, or None unless that is certain."""
        self._steps.spend()
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                found = self.truth(inner)
                return None if found is None else not found
            case ast.BoolOp(op=op, values=values):
                parts = [self.truth(each) for each in values]
                decisive = isinstance(op, ast.Or)
                if decisive in parts:
                    return decisive
                return None if None in parts else not decisive
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compared(left, op, right)
        known = self.constant(node)
        return bool(known.value) if known is not None and known.is_sure else None

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool | None:
        one, other = self.constant(left), self.constant(right)
        if one is None or other is None or type(op) not in _COMPARED:
            return None
        if not (one.is_sure and other.is_sure):
            return None
        try:
            return bool(_COMPARED[type(op)](one.value, other.value))
        except TypeError:
            return None


def _parts(node: ast.expr) -> tuple[list[ast.expr], str]:
    """Return the parts that an expression joins, and the text between them."""
    match node:
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return [left, right], "/"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [left, right], ""
        case ast.JoinedStr(values=values):
            return values, ""
        case ast.FormattedValue(value=value, format_spec=None):
            return [value], ""
        case ast.Call(func=called, args=args) if last_name(called) in PATHS:
            return args, "/"
    return [], ""


def first_name(node: ast.expr) -> str:
    """Return torch for torch.jit.load, or "" if it does not begin with a name."""
    first = dotted_prefixes(node)[-1]
    return first.id if isinstance(first, ast.Name) else ""


def dotted_prefixes(node: ast.expr) -> list[ast.expr]:
    """Return torch.jit.load, torch.jit and torch for torch.jit.load.

    A chain that is longer than people write is cut off.
    """
    found = [node]
    while isinstance(node, ast.Attribute) and len(found) <= MAX_CHAIN:
        node = node.value
        found.append(node)
    return found
