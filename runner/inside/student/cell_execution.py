"""The execution of cells as in a notebook's kernel: inside a running event loop."""

import asyncio
import contextlib
import contextvars
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from types import FrameType
from typing import Any, Final

from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

# The packages whose code the main thread runs while every task of the loop waits.
_WAITING: Final = frozenset({"asyncio", "selectors"})


class CellExecution:
    """The execution of cells one after another in one event loop.

    A cell may therefore start tasks, which continue while later cells run, and may not
    start a loop of its own: `asyncio.run` raises, as in a notebook. Context variables
    that a cell sets are visible in the next, unless the cell awaits.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._context = contextvars.copy_context()
        self._loop = self._new_loop()

    def rehearse(self) -> None:
        """Run one silent cell, which the shell neither counts nor stores."""
        run: Callable[..., ExecutionResult] = self._shell.run_cell
        self._finish(self._run("None", run=partial(run, silent=True)))
        # The notebook must see a shell that has run nothing.
        self._shell.last_execution_result = None

    def run_in_context(self, function: Callable[..., None], *arguments: object) -> None:
        """Call the function with the context variables that the last cell has left.

        numpy's handling of errors and `decimal`'s precision are such variables.
        """
        self._context.run(function, *arguments)

    def run(self, source: str) -> BaseException | None:
        """Run the cell and return what it raised. SIGINT has an effect only meanwhile."""
        try:
            return self._run_interruptible(source)
        except KeyboardInterrupt as interrupt:
            return interrupt  # it came when the cell had just ended

    def _run_interruptible(self, source: str) -> BaseException | None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            run = partial(self._shell.run_cell, store_history=True)
            result = self._finish(self._run(source, run=run))
        except BaseException as error:  # noqa: BLE001 - a cell may raise anything, its tasks too
            self._shell.showtraceback(exception_only=True)
            return error
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return result.error_before_exec or result.error_in_exec

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        return loop

    def _finish(self, cell: Coroutine[Any, Any, ExecutionResult]) -> ExecutionResult:
        """Return the cell's result. A task that raises SystemExit ends the cell."""
        if self._loop.is_closed():
            self._loop = self._new_loop()
        task = self._loop.create_task(cell, context=self._context)
        try:
            return self._loop.run_until_complete(task)
        except BaseException:
            if not task.done():
                task.cancel()
                with contextlib.suppress(BaseException):
                    self._loop.run_until_complete(task)
            raise

    async def _run(
        self, source: str, *, run: Callable[[str], ExecutionResult]
    ) -> ExecutionResult:
        problem = None
        try:
            transform: Callable[[str], str] = self._shell.transform_cell
            transformed = transform(source)
        except Exception:  # noqa: BLE001 - the shell shows it
            transformed, problem = source, sys.exc_info()
        how = {"transformed_cell": transformed, "preprocessing_exc_tuple": problem}
        if not self._shell.should_run_async(source, **how):
            result = run(source)
        else:
            task = asyncio.ensure_future(self._run_async(source, how))
            with self._cancelled_by_interrupt(task):
                result = await task
        # Tasks that can continue get a turn before the next cell.
        await asyncio.sleep(0)
        return result

    async def _run_async(self, source: str, how: dict[str, Any]) -> ExecutionResult:
        run: Callable[..., Any] = self._shell.run_cell_async
        result = None
        try:
            result = await run(source, store_history=True, **how)
        finally:
            self._shell.events.trigger("post_execute")
            self._shell.events.trigger("post_run_cell", result)
        assert isinstance(result, ExecutionResult)  # noqa: S101 - for the type checker
        return result

    @contextlib.contextmanager
    def _cancelled_by_interrupt(self, task: asyncio.Task[Any]) -> Iterator[None]:
        """Cancel a cell that awaits by cancelling its task, not by interrupting the loop."""
        loop = self._loop

        def interrupt(number: int, frame: FrameType | None) -> None:
            if _package(frame) in _WAITING:
                loop.call_soon_threadsafe(task.cancel)
            else:
                signal.default_int_handler(number, frame)

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _package(frame: FrameType | None) -> str:
    """Return the top-level package of the code that the frame runs."""
    name = frame.f_globals.get("__name__") if frame else ""
    return str(name).split(".", 1)[0]
