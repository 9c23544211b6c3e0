"""Library functions that evaluate text, and the text that each may be given.

They may evaluate the staff's own text, and the student's if it is harmless: a formula
of names and numbers, without a call, an attribute or an item. A function is recognised
by its frame when it is about to compile or to parse.
"""

import ast
import builtins
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from types import FrameType
from typing import Any, Final

from runner.inside.grader.staff_texts import STAFF_TEXTS

_DEEPEST: Final = 60
_FORMULA: Final = (
    *(ast.Expression, ast.Name, ast.Load, ast.Constant, ast.BinOp, ast.UnaryOp),
    *(ast.BoolOp, ast.Compare, ast.Tuple, ast.List),
    *(ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)
_ANNOTATION: Final = (*_FORMULA, ast.Attribute, ast.Subscript, ast.Slice)
# The text that timeit runs when it is given a function, or nothing.
_NOTHING: Final = frozenset(("", "pass", "_stmt()", "_setup()"))
# The built-ins that a function which sympy generates may use.
_ARITHMETIC: Final = frozenset(
    (
        *("abs", "min", "max", "sum", "range", "round", "int", "float", "complex"),
        *("bool", "pow", "len", "tuple", "list"),
    )
)


def evaluates_harmlessly(frame: FrameType | None, source: object) -> bool | None:
    """Return whether a library evaluates harmless text here, or None if none evaluates.

    `frame` is the frame that compiles or parses `source`.
    """
    for place in islice(frames_from(frame), _DEEPEST):
        name = place.f_globals.get("__name__"), place.f_code.co_name
        check = _EVALUATORS.get(name)
        found = None if check is None else check(place.f_locals, source)
        if found is not None:
            return found
    return None


def frames_from(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frame, its caller, and so on."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def is_formula(text: str) -> bool:
    """Return whether the text consists only of names, numbers and operators."""
    return _consists_of(text, _FORMULA)


def _consists_of(text: str, kinds: tuple[type[ast.AST], ...]) -> bool:
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(isinstance(node, kinds) and _is_open(node) for node in ast.walk(tree))


def _is_open(node: ast.AST) -> bool:
    """Return whether the node uses no name with a leading underscore."""
    name = getattr(node, "attr", getattr(node, "id", ""))
    return not name.startswith("_")


def _texts_in(
    names: tuple[str, ...], may_be: Callable[[str], bool]
) -> Callable[[Mapping[str, Any], object], bool | None]:
    """Return a check of the texts in these local variables of an evaluator.

    The check gives None if none of them is a text.
    """

    def check(variables: Mapping[str, Any], _source: object) -> bool | None:
        values = [variables.get(name) for name in names]
        texts = [value for value in values if isinstance(value, str)]
        return all(map(may_be, texts)) if texts else None

    return check


def _is_own(text: str) -> bool:
    return text.strip() in _NOTHING or STAFF_TEXTS.covers(text)


def _is_own_or_formula(text: str) -> bool:
    return STAFF_TEXTS.covers(text) or is_formula(text)


def _columns(variables: Mapping[str, Any], _source: object) -> bool:
    """Return whether pandas may evaluate its text: a formula about a table's columns.

    Without a table the names in it would be the test's own variables.
    """
    text = variables.get("expr")
    if not isinstance(text, str) or STAFF_TEXTS.covers(text):
        return True
    return bool(variables.get("resolvers")) and is_formula(text)


def _annotation(variables: Mapping[str, Any], source: object) -> bool:
    text = _text(source)
    return STAFF_TEXTS.covers(text) or _consists_of(text, _ANNOTATION)


def _printed(_variables: Mapping[str, Any], source: object) -> bool:
    """Return whether the source that sympy makes of an expression only calculates."""
    try:
        tree = ast.parse(_text(source))
    except (SyntaxError, ValueError, RecursionError):
        return False
    if all(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body):
        return True
    return all(map(_calculates, ast.walk(tree)))


def _calculates(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name):
            is_own = not hasattr(builtins, name) and not name.startswith("__")
            return is_own or name in _ARITHMETIC
        case ast.Attribute(attr=name):
            return not name.startswith("_")
        case ast.Constant(value=value):
            return not isinstance(value, str | bytes)
        case ast.Import() | ast.ImportFrom():
            return False
    return True


def _text(source: object) -> str:
    return source.decode(errors="replace") if isinstance(source, bytes) else str(source)


_EVALUATORS: Final[Mapping[object, Callable[..., bool | None]]] = {
    ("sympy.parsing.sympy_parser", "parse_expr"): _texts_in(("s",), _is_own_or_formula),
    ("sympy.utilities.lambdify", "_import"): lambda *_: True,
    ("sympy.utilities.lambdify", "lambdify"): _printed,
    ("pandas.core.computation.eval", "eval"): _columns,
    ("typing", "__init__"): _annotation,
    ("inspect", "get_annotations"): _annotation,
    ("jinja2.environment", "compile"): _texts_in(("source_hint",), _is_own),
    ("jinja2.environment", "compile_expression"): _texts_in(("source",), _is_own),
    ("timeit", "__init__"): _texts_in(("stmt", "setup"), _is_own),
}
