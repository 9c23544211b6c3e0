"""Copies of syntax trees."""

import ast
from collections.abc import Iterator

import pytest

from runner.protocol.syntax_trees import tree_copy

SOURCE = '''
async def f(a, *b, c: int = 1, **d) -> str:
    """Text."""
    match a:
        case [x, {"k": y}] if x > y: return f"{x!r:>{y}}"
    try: return [n async for n in a if n][1:2]
    except* E as e: raise e from None
'''


def test_a_copy_has_the_same_text_and_places() -> None:
    tree = ast.parse(SOURCE)
    copied = tree_copy(tree)
    shown = ast.dump(tree, include_attributes=True)
    assert ast.dump(copied, include_attributes=True) == shown
    compile(copied, "<test>", "exec")
    for node in ast.walk(copied):
        node.lineno = 0  # type: ignore[attr-defined]
    assert ast.dump(tree, include_attributes=True) == shown


@pytest.fixture
def _linked() -> Iterator[None]:
    """Link the node that all expressions share to a program, as libraries do."""
    load = ast.parse("x", mode="eval").body.ctx  # type: ignore[attr-defined]
    load.parent = ast.parse("y = 1\n" * 1000)
    yield
    del load.parent


@pytest.mark.usefixtures("_linked")
def test_a_copy_is_of_the_node_alone() -> None:
    copied = tree_copy(ast.parse("x + 1"))
    assert all("parent" not in vars(node) for node in ast.walk(copied))
