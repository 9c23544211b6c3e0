"""Coroutines of the notebook's in an event loop of the test's.

While the snapshot runs them, the test's loop stands still. So they run together if the
loop has begun them together, and the loop has its turn before a result is given: a time
limit of the test's (`asyncio.wait_for`, `asyncio.timeout`) that is over ends in a
TimeoutError.
"""

import asyncio
import weakref
from collections.abc import Generator
from typing import Any, Final

from runner.inside.grader.handle_parts import HandleBase, student_of

# Turns of the loop until what waits for a time limit has seen that it is over:
# `asyncio.wait` in a `gather` in a task needs one for each of these.
_TURNS: Final = 10

_begun: Final[weakref.WeakKeyDictionary[Any, list[HandleBase]]] = (
    weakref.WeakKeyDictionary()
)


def run_to_end(coroutine: HandleBase) -> Generator[None, None, Any]:
    """Return the result of the coroutine. A loop that runs gets its turns meanwhile."""
    student = student_of(coroutine)
    if asyncio._get_running_loop() is None:  # noqa: SLF001 - None where the public one raises
        return student.ask("await", coroutine)
    yield from _until_others_begin(coroutine)
    try:
        return student.ask("await", coroutine)
    finally:
        for _ in range(_TURNS):
            yield


def _until_others_begin(coroutine: HandleBase) -> Generator[None]:
    """Let the loop begin others, and then run all that it has begun."""
    begun = _begun.setdefault(asyncio.get_running_loop(), [])
    begun.append(coroutine)
    try:
        yield
    except BaseException:
        begun[:] = [one for one in begun if one is not coroutine]
        raise
    if any(one is coroutine for one in begun):
        together = begun[:]
        begun.clear()
        if len(together) > 1:
            student_of(coroutine).ask("together", together)
