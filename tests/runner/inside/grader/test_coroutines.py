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
async def plain(): return 5
box = []
async def give():
    await asyncio.sleep(0.01)
    box.append(7)
async def take():
    while not box: await asyncio.sleep(0.001)
    return box.pop()
"""
_TESTS: Final = {
    "run": "assert asyncio.run(doubled(3)) == 6",
    "gather": "async def t(): return await asyncio.gather(doubled(1), doubled(2))\nassert asyncio.run(t()) == [2, 4]",
    "await": "async def t(): return await doubled(2) + 1\nassert asyncio.run(t()) == 5",
    "an event loop": "loop = asyncio.new_event_loop(); assert loop.run_until_complete(doubled(2)) == 4; loop.close()",
    "a time limit": "async def t(): return await asyncio.wait_for(doubled(2), 5)\nassert asyncio.run(t()) == 4",
    "a loop's time limit": "async def t():\n    async with asyncio.timeout(5): return await doubled(2)\nassert asyncio.run(t()) == 4",
    "those that wait for each other": "async def t():\n    q = asyncio.gather(give(), take())\n    return await q\nassert asyncio.run(t()) == [None, 7]",
    "by hand": "try: plain().send(None)\nexcept StopIteration as e: assert e.value == 5",
    "twice": "c = doubled(1)\nassert asyncio.run(c) == 2\ntry: asyncio.run(c); assert False\nexcept RuntimeError: pass",
    "errors beside results": "async def t(): return await asyncio.gather(doubled(1), failing(), return_exceptions=True)\nfound = asyncio.run(t()); assert found[0] == 2 and isinstance(found[1], ValueError)",
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


_SLOW: Final = """
import asyncio
async def wait(): await asyncio.sleep(0.4)
async def all_of(n): return [await wait() for _ in range(n)]
"""
_FAST: Final = _SLOW.replace(
    "[await wait() for _ in range(n)]",
    "list(await asyncio.gather(*(wait() for _ in range(n))))",
)
_LIMITS: Final = {
    "wait_for": "found = asyncio.run(asyncio.wait_for(all_of(4), 1.2))",
    "timeout": "async def t():\n    async with asyncio.timeout(1.2): await all_of(4)\nasyncio.run(t())",
    "wait": "async def t():\n    task = asyncio.ensure_future(all_of(4))\n    done, late = await asyncio.wait([task], timeout=1.2)\n    assert not late\nasyncio.run(t())",
    "a task": "async def t():\n    task = asyncio.create_task(all_of(4))\n    return await asyncio.wait_for(asyncio.gather(task), 1.2)\nfound = asyncio.run(t())",
    "several": "async def t(): return await asyncio.wait_for(asyncio.gather(all_of(4), all_of(4)), 1.2)\nfound = asyncio.run(t())",
}


@pytest.mark.parametrize("name", _LIMITS)
@pytest.mark.parametrize(
    ("notebook", "score"), [(_FAST, 1.0), (_SLOW, 0.0)], ids=["fast", "slow"]
)
def test_a_time_limit_of_the_test_s_holds(
    name: str, notebook: str, score: float
) -> None:
    tests = f"import asyncio\n{_LIMITS[name]}\n"
    found = tried(_FAST, notebook, tests, TestStyle.SCRIPT)
    assert found.scores == (score,)
