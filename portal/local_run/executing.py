"""One job in a runner of its own, which Ctrl-C stops in order."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Final, Self

from portal.local_run.inputs import UnusableRequestError
from runner.host.runner import Backend, NotIsolatedError, Runner
from runner.protocol.jobs import Event, JobResult, JobSpec

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, kw_only=True)
class JobEnd:
    """How the job ended, and the signal that asked it to end; 0 for none."""

    result: JobResult
    signal: int


class Interruption:
    """A context in which Ctrl-C or SIGTERM is recorded, so that the job can be stopped.

    A second signal raises KeyboardInterrupt, because somebody who asks twice does not
    want to wait. It works only in the main thread.
    """

    def __init__(self) -> None:
        self.signal = 0

    def __enter__(self) -> Self:
        self._before = {each: signal.signal(each, self._note) for each in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number

    def is_asked_for(self) -> bool:
        return self.signal != 0


def run_job(
    spec: JobSpec,
    *,
    interpreter: str,
    backend: Backend,
    on_event: Callable[[Event], None],
) -> JobEnd:
    """Run the job to its end; afterwards none of its processes or files is left.

    Raises UnusableRequestError if this host cannot isolate it as requested.
    """
    with Interruption() as asked:
        try:
            runner = Runner({spec.environment: interpreter}, backend=backend, spares=0)
        except NotIsolatedError as error:
            raise UnusableRequestError(
                f"This host cannot isolate notebooks: {error}. Run manage.py doctor: "
                "it says what would help. If the notebook is your own, you can run "
                "it without a jail with --backend bare."
            ) from error
        try:
            result = runner.run(spec, on_event=on_event, should_stop=asked.is_asked_for)
        finally:
            runner.close()
    return JobEnd(result=result, signal=asked.signal)
