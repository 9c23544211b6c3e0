"""Coroutines of the notebook's, which a test awaits or gives to `asyncio.run`."""

import asyncio
from collections.abc import Awaitable


def awaited(value: Awaitable[object]) -> object:
    """Return the result of the coroutine, run to its end in an event loop of its own."""

    async def result() -> object:
        return await value

    return asyncio.run(result())
