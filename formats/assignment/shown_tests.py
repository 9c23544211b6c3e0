"""The part of a test module that tests what is shown at once."""

import ast
from collections.abc import Collection, Iterable


def without_tests(source: str, names: Collection[str]) -> str:
    """Return the module without the functions of these names, its lines in their place.

    A function stays if code that stays uses its name. The source is valid Python.
    """
    tree = ast.parse(source)
    found = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name in names
    ]
    others = [node for node in tree.body if node not in found]
    used = _names_in(others)
    kept: list[ast.stmt] = []
    while more := [node for node in found if node not in kept and node.name in used]:
        kept += more
        used |= _names_in(more)
    lines = source.splitlines(keepends=True)
    for node in found:
        if node not in kept:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            end = node.end_lineno or node.lineno
            lines[first - 1 : end] = ["\n"] * (end - first + 1)
    return "".join(lines)


def _names_in(nodes: Iterable[ast.stmt]) -> set[str]:
    """Return the names that the code uses, also as text, as in `globals()["x"]`."""
    found = set()
    for node in nodes:
        for each in ast.walk(node):
            if isinstance(each, ast.Name):
                found.add(each.id)
            elif isinstance(each, ast.Constant) and isinstance(each.value, str):
                found.add(each.value)
    return found
