"""Coroutines of the notebook's: a test runs and awaits them as in a notebook."""

from typing import Final

import pytest

from runner.protocol.jobs import TestStyle
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_NOTEBOOK: Final = """
import asyncio
async def doubled(x):
    await asyncio.sleep(0)
    return x * 2
async def failing(): raise ValueError("no")
"""
_TESTS: Final = {
    "run": "assert asyncio.run(doubled(3)) == 6",
    "gather": "async def t(): return await asyncio.gather(doubled(1), doubled(2))\nassert asyncio.run(t()) == [2, 4]",
    "await": "async def t(): return await doubled(2) + 1\nassert asyncio.run(t()) == 5",
    "an event loop": "loop = asyncio.new_event_loop(); assert loop.run_until_complete(doubled(2)) == 4; loop.close()",
    "a time limit": "async def t(): return await asyncio.wait_for(doubled(2), 5)\nassert asyncio.run(t()) == 4",
    "an error": "try: asyncio.run(failing()); assert False\nexcept ValueError: pass",
    "its kind": "import inspect\nc = doubled(1); assert inspect.isawaitable(c); assert asyncio.run(c) == 2",
}


@pytest.mark.parametrize("name", _TESTS)
def test_a_coroutine_runs_where_it_is_awaited(name: str) -> None:
    tests = f"import asyncio\n{_TESTS[name]}\n"
    found = tried(_NOTEBOOK, _NOTEBOOK, tests, TestStyle.SCRIPT)
    assert (found.scores, found.errors) == ((1.0,), [None])


def test_a_coroutine_is_not_true() -> None:
    lies = _NOTEBOOK.replace("return x * 2", "return False")
    test = "import asyncio\nc = doubled(3)\ntry: assert c\nfinally: asyncio.run(c)\n"
    found = tried(_NOTEBOOK, lies, test, TestStyle.SCRIPT)
    assert found.scores == (0.0,)
