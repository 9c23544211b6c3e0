"""Test sources full of canaries, whose assertions do not end the test."""

import ast
from typing import Final

from runner.protocol.jobs import TestStyle
from tests.runner.proof.entries import Entry, Literal, with_canaries

# Everything that a test's own scope may hold. None of it is passed to the notebook.
PLANTED: Final = """
import collections as _collections
import functools as _functools
import numpy as _numpy
import torch as _torch
planted_text = ⟦'x'⟧
planted_number = ⟦1⟧
planted_list = [⟦1⟧, ⟦'x'⟧, ⟦0.5⟧]
planted_dict = {⟦'x'⟧: ⟦1⟧}
planted_array = _numpy.full(3, ⟦0.5⟧)
planted_tensor = _torch.full((3,), ⟦0.5⟧)
planted_layer = _torch.nn.Linear(1, 1)
planted_layer.weight.data.fill_(⟦0.5⟧)
planted_relu = _torch.nn.ReLU()
planted_relu.note = ⟦'x'⟧
def planted_helper(x=⟦1⟧, *, y=⟦'x'⟧):
    '''In words: ⟦'x'⟧.'''
    return ⟦'x'⟧
planted_lambda = lambda: ⟦'x'⟧
def planted_maker():
    kept = ⟦'x'⟧
    def planted_inner():
        return kept
    return planted_inner
planted_closure = planted_maker()
class PlantedClass:
    attribute = ⟦'x'⟧
    def method(self):
        return ⟦1⟧
planted_object = PlantedClass()
planted_bound = planted_object.method
planted_partial = _functools.partial(max, ⟦1⟧)
planted_get = planted_dict.get
planted_iterator = iter([⟦1⟧])
planted_generator = (x for x in [⟦1⟧])
planted_named = _collections.namedtuple('Planted', 'a')(⟦1⟧)
planted_error = ValueError(⟦'x'⟧)
"""


class _Unending(ast.NodeTransformer):
    """Replaces assertions, so that a failing test continues and asks everything."""

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return self._tried(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return self._tried(node) if isinstance(node.value, ast.Call) else node

    @staticmethod
    def _tried(node: ast.stmt) -> ast.AST:
        caught = ast.ExceptHandler(
            ast.Name("AssertionError", ast.Load()), None, [ast.Pass()]
        )
        return ast.Try([node], [caught], [], [])


def planted_tests(
    entry: Entry, salt: int, planted: str = PLANTED
) -> tuple[str, list[Literal]]:
    """Return the entry's tests with canaries for secrets and all over their scope."""
    if entry.style is TestStyle.DOCTEST:
        parts = [_session(planted) + part for part in entry.tests.split("# %%\n")]
        return with_canaries("\n# %%\n".join(parts), salt)
    breaks = "\n# %%\n" if entry.style is TestStyle.SCRIPT else "\0"
    parts = entry.tests.split(breaks.lstrip("\n"))
    text, canaries = with_canaries(breaks.join(planted + part for part in parts), salt)
    return breaks.join(map(_unending, text.split(breaks))), canaries


def _unending(source: str) -> str:
    return ast.unparse(ast.fix_missing_locations(_Unending().visit(ast.parse(source))))


def _session(source: str) -> str:
    """Return statements as lines of an interpreter session."""
    lines = source.strip().splitlines()
    marks = ["... " if line.startswith(" ") else ">>> " for line in lines]
    return "".join(f"{mark}{line}\n" for mark, line in zip(marks, lines, strict=True))
