"""Functions and methods of the tests that change more than values of their own.

An assertion that calls one of them counts points, or keeps a record. It is evaluated
once only.
"""

import ast
from collections.abc import Callable, Collection, Iterator, Sequence

from runner.protocol.test_expressions import Function, root_of, stored_in


class OutsideChanges:
    """The functions and methods in one piece of tests.

    `is_changing` says whether a call changes the object whose method it is.
    """

    def __init__(
        self, trees: Sequence[ast.AST], is_changing: Callable[[ast.Call], bool]
    ) -> None:
        self._is_changing_call = is_changing
        self._known: dict[str, bool] = {}
        # The functions by their names, with those of their parameters that hold outer
        # values: the object of a method.
        self._functions: dict[str, list[tuple[Function, Collection[str]]]] = {}
        for tree in trees:
            self._add(tree, is_in_class=False)

    def _add(self, tree: ast.AST, *, is_in_class: bool) -> None:
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, Function):
                is_method = is_in_class and not _is_static(node)
                first = [one.arg for one in node.args.args[:1] if is_method]
                self._functions.setdefault(node.name, []).append((node, first))
            self._add(node, is_in_class=isinstance(node, ast.ClassDef))

    def are_in(self, node: ast.AST) -> bool:
        """Return whether the node names a function that changes something outside."""
        for one in ast.walk(node):
            name = getattr(one, "id", "") or getattr(one, "attr", "")
            if name in self._functions and self._changes(name):
                return True
        return False

    def _changes(self, name: str) -> bool:
        if name not in self._known:
            self._known[name] = False  # while it is looked at: it may call itself
            self._known[name] = any(
                any(self._outside(function, outer)) or self.are_in(function)
                for function, outer in self._functions[name]
            )
        return self._known[name]

    def _outside(self, function: Function, outer: Collection[str]) -> Iterator[bool]:
        """Yield whether each of the function's steps changes something outside."""
        given = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
        declared = {
            name
            for one in ast.walk(function)
            if isinstance(one, ast.Global | ast.Nonlocal)
            for name in one.names
        }
        stored = set(stored_in(function))
        yield bool(declared & stored)
        own = (stored | given) - declared - set(outer)
        for node in ast.walk(function):
            if isinstance(node, ast.Attribute | ast.Subscript):
                if not isinstance(node.ctx, ast.Load):
                    root = _name_of(node)
                    # The attributes of a parameter are not compared.
                    is_given = isinstance(node, ast.Attribute) and root in given
                    yield is_given or root not in own
            elif isinstance(node, ast.Call) and self._is_changing_call(node):
                yield _name_of(node.func) not in own


def _name_of(node: ast.AST) -> str:
    return root_of(node).partition(".")[0]


def _is_static(function: Function) -> bool:
    return any(
        getattr(one, "id", "") == "staticmethod" for one in function.decorator_list
    )
