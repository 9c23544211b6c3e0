"""Find names that a test looks up by a text: `globals()["TOL"]`, `eval("f(x, 1)")`."""

import ast
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

_MAIN: Final = "__main__"
# Calls that return all names of the notebook, at the top of a test.
_ALL: Final = frozenset({"globals", "locals", "vars"})
_ALL_ATTRIBUTES: Final = frozenset(
    {"f_globals", "f_locals", "__globals__", "user_ns", "user_global_ns"}
)
_READING: Final = frozenset({"get", "setdefault", "__getitem__", "__contains__"})
_REPLACING: Final = frozenset({"__setitem__", "__delitem__"})
# Calls that go through a collection of names, or pass all of them on.
_LISTING: Final = frozenset(
    {
        *("set", "frozenset", "list", "tuple", "dict", "sorted", "reversed", "len"),
        *("iter", "enumerate", "filter", "map", "zip", "any", "all", "max", "min"),
        *("str", "repr", "Counter", "deepcopy", "dir", "getmembers", "update"),
    }
)
_VIEWS: Final = frozenset({"keys", "copy"})
_LISTED_VIEWS: Final = frozenset({"values", "items"})
# Functions that evaluate text; those of the second kind always do.
_EVALUATING: Final = frozenset(
    {
        *("eval", "exec", "compile", "query", "timeit", "repeat", "Timer", "ev"),
        *("sympify", "parse_expr", "S", "evaluate", "runctx"),
    }
)
_ALWAYS_TEXT: Final = frozenset({"eval", "exec", "query", "ev"})
_GETTING: Final = frozenset({"getattr", "hasattr"})
_SETTING: Final = frozenset({"setattr", "delattr"})


class LookUpKind(Enum):
    """What a look-up does with the name. A mention may be a name, or any other word.

    LIST stands for all names, which the grader does not list.
    """

    READ = auto()
    LIST = auto()
    MENTION = auto()
    REPLACE = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, kw_only=True)
class LookUp:
    """A name that is looked up. The name is "" if it is unknown."""

    kind: LookUpKind
    name: str = ""


_UNKNOWN: Final = LookUp(kind=LookUpKind.UNKNOWN)
_LISTED: Final = LookUp(kind=LookUpKind.LIST)


def main_names(tree: ast.AST) -> frozenset[str]:
    """Return the names under which code imports `__main__`."""
    return frozenset(
        each.asname or each.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for each in node.names
        if each.name == _MAIN
    )


def words_of(tree: ast.AST) -> frozenset[str]:
    """Return each word of the texts in some code, without docstrings and the like."""
    plain = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return frozenset(
        word
        for node in ast.walk(tree)
        if id(node) not in plain
        for word in _words(node)
    )


class LookUps:
    """Finds the names that a node itself looks up.

    `mains` are the names of the module `__main__`. `has_all` says whether `locals()`
    returns all names of the notebook, as it does at the top of a test.
    """

    def __init__(self, mains: frozenset[str]) -> None:
        self._mains = mains
        self._seen: set[int] = set()

    def of(self, node: ast.AST, *, has_all: bool) -> Iterator[LookUp]:
        """Yield the look-ups of the node. Call this for a node before its parts."""
        if self._is_list(node, has_all=has_all):
            yield _LISTED
        yield from self._of(node, has_all=has_all)
        yield from self._of_main(node)

    def _of(self, node: ast.AST, *, has_all: bool) -> Iterator[LookUp]:
        match node:
            case ast.Subscript() if self._is_all(node.value, has_all=has_all):
                yield _by(_kind(node.ctx), node.slice)
            case ast.Compare(ops=[_]) if self._is_all(
                node.comparators[0], has_all=has_all
            ):
                yield _by(LookUpKind.READ, node.left)
            case ast.Attribute():
                yield from self._of_attribute(node)
            case ast.ImportFrom(module="__main__", names=names):
                yield from (_imported(each.name) for each in names)
            case ast.Call():
                self._seen.add(id(node.func))
                yield from self._of_call(node, has_all=has_all)
            case ast.Name(id=name, ctx=ast.Load()) if name in _ALL:
                # The function itself is passed on, so any name may be looked up in its
                # result.
                if id(node) not in self._seen:
                    yield _UNKNOWN

    def _is_list(self, node: ast.AST, *, has_all: bool) -> bool:
        """Return whether the node lists the names, and mark what it lists as seen."""
        match node:
            case ast.Call(func=ast.Name(id="dir"), args=[]):
                return has_all
            case ast.Call(func=ast.Attribute(attr=attr) as method) if (
                attr in _LISTED_VIEWS
            ):
                listed: list[ast.expr] = [method.value]
            case ast.Call() if _last(node.func) in _LISTING:
                listed = list(node.args)
            case ast.For(iter=each) | ast.Starred(value=each, ctx=ast.Load()):
                listed = [each]
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                listed = [each.iter for each in node.generators]
            case ast.keyword(arg=None, value=each):
                listed = [each]
            case ast.Dict():
                pairs = zip(node.keys, node.values, strict=True)
                listed = [value for key, value in pairs if key is None]
            case _:
                return False
        return any(self._is_listed(each, has_all=has_all) for each in listed)

    def _is_listed(self, node: ast.expr, *, has_all: bool) -> bool:
        match node:
            case ast.Call(func=ast.Attribute(attr=attr, value=owner)) if attr in _VIEWS:
                found = self._is_listed(owner, has_all=has_all)
                self._seen |= {id(node), id(node.func)} if found else set()
                return found
        if self._is_all(node, has_all=has_all):
            return True
        if self._is_main(node):
            self._seen.add(id(node))
            return True
        return False

    def _of_main(self, node: ast.AST) -> Iterator[LookUp]:
        if self._is_main(node) and id(node) not in self._seen:
            yield _UNKNOWN

    def _of_attribute(self, node: ast.Attribute) -> Iterator[LookUp]:
        is_told = id(node) in self._seen
        if self._is_main(node.value):
            self._seen.add(id(node.value))
            if not node.attr.startswith("__"):
                yield LookUp(kind=_kind(node.ctx), name=node.attr)
            elif node.attr == "__dict__" and not is_told:
                yield _UNKNOWN
        elif node.attr in _ALL_ATTRIBUTES and not is_told:
            yield _UNKNOWN

    def _of_call(self, call: ast.Call, *, has_all: bool) -> Iterator[LookUp]:
        name = _last(call.func)
        first = call.args[0] if call.args else None
        match call.func:
            case ast.Attribute(value=value) if self._is_all(value, has_all=has_all):
                yield from _by_method(name, call)
                return
            case ast.Name() if name in _GETTING | _SETTING and first is not None:
                if self._is_main(first):
                    self._seen.add(id(first))
                    kind = LookUpKind.READ if name in _GETTING else LookUpKind.REPLACE
                    yield _by(kind, call.args[1] if len(call.args) > 1 else None)
                return
        if name in _EVALUATING:
            yield from self._of_text(name, call)
        yield from self._of_patch(call)
        if self._is_all(call, has_all=has_all):
            yield _UNKNOWN

    def _of_text(self, name: str, call: ast.Call) -> Iterator[LookUp]:
        parts = [*call.args, *(each.value for each in call.keywords)]
        for part in parts:
            for word in _words_within(part):
                yield LookUp(kind=LookUpKind.MENTION, name=word)
        is_written = bool(parts) and (
            isinstance(parts[0], ast.Constant | ast.Lambda) or name not in _ALWAYS_TEXT
        )
        if isinstance(parts[0] if parts else None, ast.JoinedStr | ast.BinOp):
            is_written = False
        is_method = isinstance(call.func, ast.Attribute)
        if is_written:
            # The names in the text were yielded above.
            self._seen |= {id(part) for part in parts}
        elif parts and (not is_method or name in _ALWAYS_TEXT):
            yield _UNKNOWN

    def _of_patch(self, call: ast.Call) -> Iterator[LookUp]:
        """Yield the names that `mock.patch` replaces."""
        match call:
            case ast.Call(args=[ast.Constant(value=str(path)), *_]):
                module, _, name = path.partition(".")
                if _last(call.func) == "patch" and module == _MAIN:
                    yield LookUp(kind=LookUpKind.REPLACE, name=name)
                elif _last(call.func) == "multiple" and path == _MAIN:
                    for each in call.keywords:
                        yield LookUp(kind=LookUpKind.REPLACE, name=each.arg or "")
            case ast.Call(func=ast.Attribute(attr="object"), args=[owner, key, *_]):
                if self._is_main(owner):
                    self._seen.add(id(owner))
                    yield _by(LookUpKind.REPLACE, key)

    def _is_main(self, node: ast.AST) -> bool:
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                return name in self._mains
            case ast.Subscript(value=value, slice=ast.Constant(value="__main__")):
                return _last(value) == "modules"
            case ast.Call(func=func, args=[ast.Constant(value="__main__"), *_]):
                return _last(func) in {"import_module", "__import__", "get"}
        return False

    def _is_all(self, node: ast.AST, *, has_all: bool) -> bool:
        """Return whether the node stands for all names, and mark it as seen if so."""
        found = False
        match node:
            case ast.Call(func=ast.Name(id=name), args=[]) if (
                id(node) not in self._seen
            ):
                found = name in _ALL and (has_all or name == "globals")
            case ast.Call(func=ast.Name(id="vars"), args=[owner]):
                found = id(node) not in self._seen and self._is_main(owner)
                if found:
                    self._seen.add(id(owner))
            case ast.Attribute(attr=attr, value=owner):
                is_of_main = attr == "__dict__" and self._is_main(owner)
                found = attr in _ALL_ATTRIBUTES or is_of_main
        if found:
            self._seen.add(id(node))
        return found


def _by_method(name: str, call: ast.Call) -> Iterator[LookUp]:
    key = call.args[0] if call.args else None
    if name in _READING:
        yield _by(LookUpKind.READ, key)
    elif name == "pop":
        yield _by(LookUpKind.READ, key)
        yield _by(LookUpKind.REPLACE, key)
    elif name in _REPLACING:
        yield _by(LookUpKind.REPLACE, key)
    elif name == "update" and not call.args and all(k.arg for k in call.keywords):
        for each in call.keywords:
            yield LookUp(kind=LookUpKind.REPLACE, name=each.arg or "")
    else:
        yield _UNKNOWN


def _by(kind: LookUpKind, key: ast.expr | None) -> LookUp:
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return LookUp(kind=kind, name=key.value)
    return _UNKNOWN


def _imported(name: str) -> LookUp:
    return _UNKNOWN if name == "*" else LookUp(kind=LookUpKind.READ, name=name)


def _kind(context: ast.expr_context) -> LookUpKind:
    return LookUpKind.READ if isinstance(context, ast.Load) else LookUpKind.REPLACE


def _words_within(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        yield from _words(part)


def _words(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        for word in re.findall(r"[^\W\d]\w*", node.value):
            if not keyword.iskeyword(word):
                yield word


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
