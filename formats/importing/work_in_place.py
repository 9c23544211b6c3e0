"""Find code that changes values in place, and functions that change an argument."""

import ast
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

from formats.assignment.notebook_cells import source_of
from formats.notebook.cell_syntax import parse

Slots = Mapping[str, Set[int | str]]
_CHANGING: Final = frozenset(
    (
        *("append", "extend", "insert", "remove", "sort", "reverse", "clear", "pop"),
        *("update", "setdefault", "add", "discard", "appendleft", "extendleft"),
        *("popitem", "popleft", "fill", "resize", "itemset", "put", "partition"),
    )
)


def changed_parameters(cells: list[dict[str, Any]]) -> Slots:
    """Return the arguments that the notebook's functions change in place, by function.

    An argument is given by its position and by its name. If a function assigns the name
    again, as in `x = x.clone()`, it changes another object.
    """
    found: dict[str, Set[int | str]] = {}
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        try:
            tree = parse(source_of(cell))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                slots = set(_changed_in(node))
                if slots:
                    found[node.name] = slots
    return found


def _changed_in(function: ast.FunctionDef) -> Iterator[int | str]:
    positional = [*function.args.posonlyargs, *function.args.args]
    places: dict[str, int] = {one.arg: place for place, one in enumerate(positional)}
    names = [*places, *(one.arg for one in function.args.kwonlyargs)]
    nodes = [part for each in function.body for part in ast.walk(each)]
    anew = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for name in names:
        own = {name, *_items_of(name, nodes)}
        if name not in anew and any(changes(node, own) for node in nodes):
            yield name
            if name in places:
                yield places[name]


def _items_of(name: str, nodes: list[ast.AST]) -> Iterator[str]:
    """Yield the names that a loop over the value of the name binds to its items."""
    for node in nodes:
        match node:
            case ast.For(target=ast.Name(id=item), iter=ast.Name(id=items)):
                if items == name:
                    yield item


def changes(node: ast.AST, names: Set[str]) -> bool:
    """Return whether the node itself changes the value of one of the names."""
    match node:
        case ast.Subscript(ctx=ast.Store() | ast.Del()):
            return _root(node) in names
        case ast.AugAssign(target=target):
            return _root(target) in names
        case ast.Call(func=ast.Attribute(value=value, attr=method), keywords=named):
            if any(each.arg == "out" and _root(each.value) in names for each in named):
                return True
            is_in_place = any(_is_in_place(each) for each in named)
            is_changing = method in _CHANGING or _is_torch_in_place(method)
            return (is_changing or is_in_place) and _root(value) in names
    return False


def _is_in_place(keyword: ast.keyword) -> bool:
    is_true = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
    return keyword.arg == "inplace" and is_true


def _is_torch_in_place(method: str) -> bool:
    is_special = method.endswith("__") or method == "requires_grad_"
    return method.endswith("_") and not is_special


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
