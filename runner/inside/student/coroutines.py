"""Coroutines of the notebook's, which a test awaits or gives to `asyncio.run`."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import NamedTuple


class _Ended(NamedTuple):
    """A coroutine that has run, with its result or its error."""

    value: Awaitable[object]
    result: object
    error: Exception | None


class Coroutines:
    """Coroutines that a test awaits, run to their end in event loops of the snapshot's.

    Those that the test's loop has begun together run together. What came of each is
    kept until the test awaits it.
    """

    def __init__(self) -> None:
        self._ended: list[_Ended] = []

    def together(self, values: Sequence[Awaitable[object]]) -> None:
        """Run these coroutines in one event loop."""
        each = {id(one): one for one in values}.values()

        async def all_of_them() -> list[_Ended]:
            return await asyncio.gather(*map(_outcome_of, each))

        self._ended = asyncio.run(all_of_them())

    def awaited(self, value: Awaitable[object]) -> object:
        """Return the result of the coroutine, or raise its error."""
        for place, ended in enumerate(self._ended):
            if ended.value is value:
                del self._ended[place]
                if ended.error is not None:
                    raise ended.error
                return ended.result

        async def result() -> object:
            return await value

        return asyncio.run(result())


async def _outcome_of(value: Awaitable[object]) -> _Ended:
    try:
        return _Ended(value, await value, None)
    except Exception as error:  # noqa: BLE001 - a student's code may raise anything
        return _Ended(value, None, error)
