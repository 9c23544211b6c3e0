"""Find out whether code only reads the file of a path that it has as a text.

Nothing is executed. A path is followed through names, attributes and parameters of the
notebook's own functions. Where the use is unknown, it counts as writing.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final

from formats.importing.mentions import docstrings
from formats.notebook.cell_syntax import SCOPES, last_name, parameters_with_defaults

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Key = tuple[int | str, str]

_READING: Final = re.compile(
    r"read\w*|load\w*|imread|mimread|genfromtxt|fromfile|from_\w+|Image|Audio|Video"
    r"|ImageFolder|exists|isfile|is_file|getsize|stat"
)
_READING_OR_WRITING: Final = re.compile(
    r"load_or_\w+|\w*(?:save|write|cache|create)\w*"
)
# These read, unless their mode says otherwise.
_OPENING: Final = frozenset({"open", "File", "ZipFile"})
_READING_MODE: Final = re.compile(r"[bt]*r[bt]*")
_IDLE: Final = frozenset({"print", "len", "isinstance", "display", "title", "HTML"})
_THROUGH: Final = frozenset(
    {
        *("join", "joinpath", "Path", "PurePath", "PosixPath", "str", "fspath"),
        *("abspath", "expanduser", "resolve", "absolute", "as_posix", "format"),
    }
)
_SELF: Final = ("self", "cls")
_DEEPEST: Final = 5
# The most uses that are searched for one path.
_MOST: Final = 2_000


class PathUse(IntEnum):
    """The use of a path. A greater value means that more may be done to the file."""

    IDLE = 0
    READ = 1
    UNKNOWN = 2


class NotebookCode:
    """The code of a notebook and of the modules beside it."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        self.above: dict[int, ast.AST] = {}
        self.texts: list[ast.Constant] = []
        self._trees = list(trees)
        self._bound: dict[int, frozenset[str]] = {}
        self._own: dict[str, list[ast.AST]] = {}
        self._other_names: dict[str, str] = {}
        self._aliases: dict[str, list[str]] = {}
        self._stored: set[str] = set()
        self._loads: dict[_Key, list[ast.AST]] = {}
        # The names and attributes that are read, by their ids.
        self.nodes: dict[int, ast.AST] = {}
        self._left = 0
        for tree in self._trees:
            self._learn(tree)
        for tree in self._trees:
            self._learn_loads(tree)

    def use_of(self, text: ast.AST) -> PathUse:
        """Return the worst use of a path that contains the text."""
        self._left = _MOST
        return self._use(text, _DEEPEST)

    def path_expression_of(self, node: ast.AST) -> ast.AST:
        """Return the largest path expression that contains the node."""
        while True:
            above = self.above.get(id(node))
            match above:
                case ast.BinOp(op=ast.Add() | ast.Div() | ast.Mod()) | ast.JoinedStr():
                    node = above
                case ast.FormattedValue():
                    node = above
                case ast.IfExp(test=test) if test is not node:
                    node = above
                case ast.Call(func=func) if func is not node and self._passes(func):
                    node = above
                case ast.Attribute(attr=name) if name in _THROUGH:
                    call = self.above.get(id(above))
                    if not isinstance(call, ast.Call) or call.func is not above:
                        return node
                    node = call
                case _:
                    return node

    def _passes(self, func: ast.expr) -> bool:
        name = last_name(func)
        return name in _THROUGH and name not in self._own and name not in self._stored

    # --- Facts about the code -------------------------------------------------------

    def _learn(self, tree: ast.Module) -> None:
        said = {id(node.value) for node in docstrings(tree)}
        for node in ast.walk(tree):
            for part in ast.iter_child_nodes(node):
                self.above[id(part)] = node
            match node:
                case ast.Constant(value=str()) if id(node) not in said:
                    self.texts.append(node)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    self._own.setdefault(name, []).append(node)
                    self._bound[id(node)] = _bound_in(node)
                case ast.Lambda():
                    self._bound[id(node)] = _bound_in(node)
                case ast.ClassDef(name=name):
                    self._own.setdefault(name, []).append(node)
            self._learn_names(node)

    def _learn_names(self, node: ast.AST) -> None:
        match node:
            case ast.alias(name=name, asname=str(other)):
                last = name.rpartition(".")[2]
                self._other_names[other] = last
                self._aliases.setdefault(last, []).append(other)
            case (
                ast.Name(id=name, ctx=ast.Store())
                | ast.Attribute(attr=name, ctx=ast.Store())
            ):
                self._stored.add(name)

    def _learn_loads(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            match node:
                case (
                    ast.Name(ctx=ast.Load() | ast.Del())
                    | ast.Attribute(ctx=ast.Load() | ast.Del())
                ):
                    self._loads.setdefault(self._key(node), []).append(node)
                    self.nodes[id(node)] = node

    def _key(self, node: ast.Name | ast.Attribute) -> _Key:
        """Return a key that distinguishes a name from others with the same text."""
        if isinstance(node, ast.Attribute):
            return (".", node.attr)
        for above in self._around(node):
            if node.id in self._bound.get(id(above), ()):
                return (id(above), node.id)
        return ("", node.id)

    def within(self, node: ast.AST) -> frozenset[str]:
        """Return the names of the functions and classes around a node."""
        around = self._around(node)
        return frozenset(each.name for each in around if isinstance(each, SCOPES))

    def _around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around the node, from the inside out."""
        above = self.above.get(id(node))
        while above is not None:
            yield above
            above = self.above.get(id(above))

    # --- Uses of a path -------------------------------------------------------------

    def _use(self, node: ast.AST, depth: int) -> PathUse:
        self._left -= 1
        if depth == 0 or self._left < 0:
            return PathUse.UNKNOWN
        whole = self.path_expression_of(node)
        above = self.above.get(id(whole))
        found = self._bound_to(above, depth)
        match above:
            case ast.Expr() | ast.Compare() | ast.Subscript() | ast.Assert():
                found = PathUse.IDLE
            case ast.keyword():
                found = self._passed(self.above.get(id(above)), above, depth)
            case ast.Call(func=func) if func is not whole:
                found = self._passed(above, whole, depth)
            case ast.Attribute():
                found = self._method(above)
            case ast.arguments():
                found = self._of_default(above, whole, depth)
        return found

    def _bound_to(self, above: ast.AST | None, depth: int) -> PathUse:
        """Return the use of the names to which the path is bound."""
        if isinstance(above, ast.List | ast.Tuple):
            above = self.above.get(id(above))
            if not isinstance(above, ast.For | ast.comprehension):
                return PathUse.UNKNOWN
        match above:
            case ast.Assign(targets=targets):
                return max(self._of_target(each, depth) for each in targets)
            case (
                ast.AnnAssign(target=target)
                | ast.For(target=target)
                | ast.comprehension(target=target)
            ):
                return self._of_target(target, depth)
        return PathUse.UNKNOWN

    def _of_target(self, target: ast.expr, depth: int) -> PathUse:
        if not isinstance(target, ast.Name | ast.Attribute):
            return PathUse.UNKNOWN
        scope, name = self._key(target)
        keys: list[_Key] = [(scope, name)]
        if scope == "":
            # In a class or a module it is an attribute. It may have another name here.
            keys += [(".", name), *(("", each) for each in self._aliases.get(name, ()))]
        return self._of_keys(keys, depth)

    def _of_keys(self, keys: Iterable[_Key], depth: int) -> PathUse:
        loads = (node for key in keys for node in self._loads.get(key, ()))
        # A name that is bound and never read may be used in a way that is not visible
        # here.
        return max(
            (self._use(each, depth - 1) for each in loads), default=PathUse.UNKNOWN
        )

    def _of_default(self, above: ast.arguments, node: ast.AST, depth: int) -> PathUse:
        function = self.above[id(above)]
        for parameter, default in parameters_with_defaults(above):
            if default is node:
                return self._of_keys([(id(function), parameter)], depth)
        return PathUse.UNKNOWN

    def _method(self, method: ast.Attribute) -> PathUse:
        call = self.above.get(id(method))
        if not isinstance(call, ast.Call) or call.func is not method:
            return (
                PathUse.IDLE
                if method.attr in ("name", "stem", "suffix")
                else PathUse.UNKNOWN
            )
        if method.attr in self._own or method.attr in self._stored:
            return PathUse.UNKNOWN
        modes = [*call.args[:1], *_modes(call)]
        return PathUse.READ if _reads(method.attr, modes) else PathUse.UNKNOWN

    def _passed(self, call: ast.AST | None, part: ast.AST, depth: int) -> PathUse:
        """Return the use that a call makes of its argument."""
        if not isinstance(call, ast.Call):
            return PathUse.UNKNOWN
        name = last_name(call.func)
        name = self._other_names.get(name, name)
        if name in self._own:
            uses = (self._given(one, call, part, depth) for one in self._own[name])
            return max(uses)
        if name in self._stored or not name:
            return PathUse.UNKNOWN
        if name in _IDLE:
            return PathUse.IDLE
        modes = [*call.args[1:2], *_modes(call)] if name in _OPENING else _modes(call)
        return PathUse.READ if _reads(name, modes) else PathUse.UNKNOWN

    def _given(
        self, own: ast.AST, call: ast.Call, part: ast.AST, depth: int
    ) -> PathUse:
        """Return the use of an argument by the notebook's own function or class."""
        is_method = isinstance(call.func, ast.Attribute)
        if isinstance(own, ast.ClassDef):
            is_method = True
            own = next((each for each in own.body if _is_init(each)), own)
        if not isinstance(own, ast.FunctionDef | ast.AsyncFunctionDef):
            return PathUse.UNKNOWN
        names = [each.arg for each in (*own.args.posonlyargs, *own.args.args)]
        named = [*names, *(each.arg for each in own.args.kwonlyargs)]
        if is_method and names[:1] and names[0] in _SELF:
            names = names[1:]
        parameter = ""
        is_spread = any(isinstance(each, ast.Starred) for each in call.args)
        if isinstance(part, ast.keyword):
            parameter = part.arg or ""
        elif not is_spread and part in call.args and call.args.index(part) < len(names):
            parameter = names[call.args.index(part)]
        if parameter not in named:
            return PathUse.UNKNOWN
        return self._of_keys([(id(own), parameter)], depth)


def _is_init(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__init__"


def _modes(call: ast.Call) -> list[ast.expr]:
    return [each.value for each in call.keywords if each.arg in ("mode", None)]


def _reads(name: str, modes: Iterable[ast.expr]) -> bool:
    if name in _OPENING:
        return all(
            isinstance(mode, ast.Constant)
            and isinstance(mode.value, str)
            and _READING_MODE.fullmatch(mode.value)
            for mode in modes
        )
    return bool(_READING.fullmatch(name)) and not _READING_OR_WRITING.fullmatch(name)


def _bound_in(function: Function) -> frozenset[str]:
    """Return the names that a function, or a function inside it, binds."""
    found, declared = set(), set()
    for node in ast.walk(function):
        match node:
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.Global(names=names):
                declared |= {*names}
    return frozenset(found - declared)
