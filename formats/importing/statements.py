"""Split a staff notebook into statements, with their names and their authors."""

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from formats.assignment.definitions import rebound_names
from formats.importing.nbgrader_helpers import statement_text
from formats.importing.reads import Reads, reads_of
from formats.notebook.ipython_syntax import plain_python

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
# Calls that return the same plain value wherever they are made.
_PLAIN_CALLS: Final = frozenset(
    {
        *("abs", "bool", "dict", "float", "frozenset", "int", "len", "list", "max"),
        *("min", "range", "round", "set", "sorted", "str", "sum", "tuple", "zip"),
        *("partial", "functools.partial", "re.compile", "math.sqrt", "math.exp"),
        *("math.log", "np.array", "np.arange", "np.linspace", "np.zeros", "np.ones"),
        *("np.eye", "np.finfo", "np.sqrt", "np.float32", "np.float64"),
        *("torch.tensor", "torch.arange", "torch.zeros", "torch.ones"),
    }
)
# Methods that change the object itself.
_CHANGING: Final = frozenset(
    {
        *("append", "extend", "insert", "pop", "popitem", "remove", "clear", "sort"),
        *("reverse", "add", "discard", "update", "setdefault", "fill", "resize"),
    }
)
# Attributes that reach from a model or a tensor into the process that made it. A
# function that uses these works only in the notebook.
_BOUND_TO_NOTEBOOK: Final = frozenset(
    {
        *("backward", "grad", "zero_grad", "step", "parameters", "named_parameters"),
        *("state_dict", "load_state_dict", "requires_grad", "requires_grad_"),
    }
)


class Author(StrEnum):
    """Who writes a statement: staff in a given cell or in a test cell, or students."""

    GIVEN = "given"
    TESTS = "tests"
    STUDENT = "student"


@dataclass(frozen=True, kw_only=True)
class AuthoredCell:
    """A code cell, by its number. `solution` are the lines of its solutions, from 1.

    `is_answer` means that students write in this cell.
    """

    cell: int
    source: str
    author: Author = Author.GIVEN
    solution: frozenset[int] = frozenset()
    is_answer: bool = False


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement at the top of a cell."""

    place: int
    cell: int
    node: ast.stmt
    source: str
    binds: frozenset[str]
    reads: Reads
    author: Author
    is_answer: bool

    @property
    def uses(self) -> frozenset[str]:
        """The names that it reads, without those that texts in it may mean."""
        return self.reads.names

    @property
    def is_import(self) -> bool:
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def is_function(self) -> bool:
        """Whether its names are functions, which look up names when they are called."""
        match self.node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return True
            case ast.Assign(value=ast.Lambda()) | ast.AnnAssign(value=ast.Lambda()):
                return True
        return False

    @property
    def is_lazy(self) -> bool:
        """Whether it looks up no name before it is called."""
        node = self.node
        if isinstance(node, _FUNCTIONS):
            defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            is_plain = all(isinstance(each, ast.Constant) for each in defaults)
            return is_plain and not node.decorator_list
        return self.is_function

    def is_complete(self) -> bool:
        """Return whether it is a whole definition, or a constant, that can be moved."""
        node = self.node
        if self.is_import:
            return True
        if not self.reads.is_complete:
            return False
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            return not _is_stub(node.body) and _is_movable(node)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            is_tunable = self.is_answer and not self.is_function
            return not is_tunable and _is_plain(node.value) and _is_movable(node)
        return False


def statements_of(cells: Iterable[AuthoredCell]) -> list[Statement]:
    """Return the statements in order. One that binds several names may be split."""
    found: list[Statement] = []
    for cell in cells:
        text = plain_python(cell.source)
        try:
            nodes = ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            nodes = []
        lines = text.split("\n")
        for node in nodes:
            last = node.end_lineno or node.lineno
            is_solution = bool(cell.solution & set(range(node.lineno, last + 1)))
            author = Author.STUDENT if is_solution else cell.author
            for part, source in _parts(node, lines):
                found.append(
                    Statement(
                        place=len(found),
                        cell=cell.cell,
                        node=part,
                        source=source,
                        binds=rebound_names(source) | _modules(part),
                        reads=reads_of(source),
                        author=author,
                        is_answer=cell.is_answer,
                    )
                )
    return found


def changed_names(statements: Iterable[Statement]) -> set[str]:
    """Return the names whose objects are changed in place, also in functions."""
    return {
        name
        for each in statements
        if each.author is not Author.TESTS
        for node in ast.walk(each.node)
        for name in _changed_by(node)
    }


def _changed_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            yield _root(node)
        case ast.Subscript(ctx=ast.Store() | ast.Del()):
            yield _root(node)
        case ast.Call(func=ast.Attribute(value=value, attr=attr)):
            if attr in _CHANGING:
                yield _root(value)
        case ast.Global(names=names):
            yield from names
        case ast.AugAssign(target=target):
            yield _root(target)


def _parts(node: ast.stmt, lines: Sequence[str]) -> Iterator[tuple[ast.stmt, str]]:
    """Yield the statement, or one for each name if they are independent."""
    parts: list[ast.stmt] = []
    match node:
        case ast.Import(names=[_, _, *_]):
            parts = [ast.Import(names=[each]) for each in node.names]
        case ast.ImportFrom(names=[_, _, *_]):
            parts = [
                ast.ImportFrom(module=node.module, names=[each], level=node.level)
                for each in node.names
            ]
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            starred = any(isinstance(each, ast.Starred) for each in (*names, *values))
            if len(names) == len(values) and not starred:
                parts = [
                    ast.Assign(targets=[name], value=value)
                    for name, value in zip(names, values, strict=True)
                ]
    if not parts:
        text = statement_text(lines, node)
        yield node, text if _is_alone(text) else ast.unparse(node)
    for part in parts:
        moved = ast.fix_missing_locations(ast.copy_location(part, node))
        yield moved, ast.unparse(moved)


def _is_alone(lines: str) -> bool:
    """Return whether the lines hold one statement. `a = 1; b = 2` are two."""
    try:
        return len(ast.parse(lines).body) == 1
    except SyntaxError:
        return False


def _modules(node: ast.stmt) -> set[str]:
    if not isinstance(node, ast.Import):
        return set()
    return {each.asname or each.name.partition(".")[0] for each in node.names}


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def dotted(node: ast.expr) -> str:
    """Return `np.linalg.norm` as it is written, or "" if it is no such name."""
    if isinstance(node, ast.Attribute):
        above = dotted(node.value)
        return f"{above}.{node.attr}" if above else ""
    return node.id if isinstance(node, ast.Name) else ""


def _is_stub(body: list[ast.stmt]) -> bool:
    """Return whether the body is empty, or does nothing but raise an error."""
    kept = [
        each
        for each in body
        if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        and not isinstance(each, ast.Pass)
    ]
    match kept:
        case [] | [ast.Raise()] | [ast.Return(value=None | ast.Constant(value=None))]:
            return True
    return any(
        isinstance(part, ast.Constant) and part.value is ...
        for each in body
        for part in ast.walk(each)
    ) or any(_raises_unwritten(each) for each in body)


def _raises_unwritten(node: ast.stmt) -> bool:
    return any(
        isinstance(part, ast.Raise)
        and part.exc is not None
        and "NotImplementedError" in ast.unparse(part.exc)
        for part in ast.walk(node)
    )


def _is_movable(node: ast.AST) -> bool:
    """Return whether it means the same beside the tests as in the notebook."""
    return not any(
        isinstance(part, ast.Global)
        or (isinstance(part, ast.Attribute) and part.attr in _BOUND_TO_NOTEBOOK)
        for part in ast.walk(node)
    )


def _is_plain(value: ast.expr) -> bool:
    """Return whether the value is a literal, or made of literals by plain calls."""
    if isinstance(value, ast.Constant):
        return value.value is not None and value.value is not ...
    waiting: list[ast.AST] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
            return False
        if isinstance(part, ast.Constant) and part.value is ...:
            return False
        if isinstance(part, ast.Call) and dotted(part.func) not in _PLAIN_CALLS:
            return False
        if not isinstance(part, ast.Lambda):
            waiting += ast.iter_child_nodes(part)
    return True


def is_builtin(name: str) -> bool:
    """Return whether the name is a builtin of Python."""
    return hasattr(builtins, name)


def latest_bindings(
    statements: Iterable[Statement], before: int
) -> Mapping[str, Statement]:
    """Return which statement in a cell above the given one binds each name last.

    A name that a test cell computes keeps its earlier statement: other cells do not
    have the computed value.
    """
    found: dict[str, Statement] = {}
    for each in statements:
        if each.cell < before:
            is_computed = each.author is Author.TESTS and not each.is_complete()
            for name in each.binds:
                found[name] = found.get(name, each) if is_computed else each
    return found
