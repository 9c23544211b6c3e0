"""Find the names that pieces of code read or bind."""

import ast
from collections.abc import Iterable

from formats.assignment.call_effects import DATA_ATTRIBUTES
from formats.notebook.cell_syntax import SCOPES


class FreeNames:
    """Finds the names that pieces of code read and that are not their own.

    Each scope is read once, whatever stands in it.
    """

    def __init__(self) -> None:
        self._found: dict[ast.AST, frozenset[str]] = {}
        # The names that a scope declares to be another's.
        self.declared: dict[ast.AST, frozenset[str]] = {}
        # The names that the definitions within a scope read.
        self.read_within: dict[ast.AST, frozenset[str]] = {}
        # Whether a function within it, or a part of it, is run later.
        self.has_code: dict[ast.AST, bool] = {}

    def __call__(self, node: ast.AST) -> frozenset[str]:
        if node not in self._found:
            self._found[node] = self._read(node)
        return self._found[node]

    def _read(self, node: ast.AST) -> frozenset[str]:
        read: set[str] = set()
        own: set[str] = set()
        declared: set[str] = set()
        within: set[str] = set()
        self.has_code[node] = False
        left = list(ast.iter_child_nodes(node))
        while left:
            part = left.pop()
            if isinstance(part, (*SCOPES, ast.Lambda, ast.Yield, ast.YieldFrom)):
                self.has_code[node] = True
            if isinstance(part, (*SCOPES, ast.Lambda)):
                read |= self(part)
                within |= self(part) if isinstance(part, SCOPES) else frozenset()
                continue
            if isinstance(part, ast.Name):
                (own if isinstance(part.ctx, ast.Store) else read).add(part.id)
                continue
            if isinstance(part, ast.arg):
                own.add(part.arg)
            elif isinstance(part, ast.Global | ast.Nonlocal):
                declared.update(part.names)
            left += ast.iter_child_nodes(part)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            read -= own
        self.declared[node] = frozenset(declared)
        self.read_within[node] = frozenset(within)
        return frozenset(read | declared)


def attributes_of(nodes: Iterable[ast.AST]) -> tuple[set[str], set[str]]:
    """Return the attributes that are assigned, and those that may be assigned a method."""
    parts: set[str] = set()
    odd: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            attributes = {
                part.attr
                for target in targets
                for part in ast.walk(target)
                if isinstance(part, ast.Attribute)
            }
            parts |= attributes
            is_odd = any(
                isinstance(one, ast.Lambda)
                or (isinstance(one, ast.Attribute) and one.attr not in DATA_ATTRIBUTES)
                for one in (node.value, *getattr(node.value, "elts", ()))
            )
            odd |= attributes if is_odd else set()
    return parts, odd
