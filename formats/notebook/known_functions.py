"""The functions that a notebook defines, and the arguments of their calls."""

import ast
from dataclasses import dataclass

from formats.notebook.cell_syntax import walk
from formats.notebook.code_values import Names, Value
from formats.notebook.steps import Steps

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(eq=False)
class KnownFunction:
    """A function of the notebook, its cell, and how it is called.

    `own` are the names that it binds itself, including its parameters.
    """

    node: Function
    cell: int
    is_method: bool
    own: frozenset[str]
    was_followed: bool = False

    @property
    def is_hook(self) -> bool:
        """Whether other code than the notebook's may call it."""
        return self.is_method or bool(self.node.decorator_list)


class OwnNames:
    """The names that functions and classes bind themselves, each searched only once."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._found: dict[ast.AST, frozenset[str]] = {}

    def of(self, node: Function | ast.ClassDef) -> frozenset[str]:
        """Return the names that a function binds, including its parameters."""
        if node not in self._found:
            self._found[node] = self._look(node)
        return self._found[node]

    def _look(self, node: Function | ast.ClassDef) -> frozenset[str]:
        own: set[str] = set()
        free: set[str] = set()
        for part in self._steps.each(walk(node)):
            if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
                own.add(part.id)
            elif isinstance(part, ast.arg):
                own.add(part.arg)
            elif isinstance(part, ast.Global):
                free.update(self._steps.each(part.names))
        return frozenset(own - free)


def arguments_of(
    known: KnownFunction, call: ast.Call | None, names: Names, steps: Steps
) -> dict[str, Value]:
    """Return the constant arguments of the call, by the names of their parameters.

    Without a call, the arguments are unknown and the result is empty.
    """
    if call is None:
        return {}
    arguments = known.node.args
    steps.spend(len(arguments.posonlyargs) + len(arguments.args))
    steps.spend(len(call.args) + len(call.keywords))
    given = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    found: dict[str, ast.expr] = {}
    if arguments.defaults:
        found.update(
            zip(given[-len(arguments.defaults) :], arguments.defaults, strict=True)
        )
    if known.is_method:
        given = given[1:]
    found.update(zip(given, call.args, strict=False))
    found.update({each.arg: each.value for each in call.keywords if each.arg})
    values = {name: names.constant(node) for name, node in found.items()}
    return {name: value for name, value in values.items() if value is not None}
