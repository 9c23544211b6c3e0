"""A job beside the hostile one, which must neither be harmed nor read."""

import threading
import time
from typing import Final

from runner.host.runner import Runner
from runner.protocol.jobs import Event, JobResult, Limits, OutputAdded, Verdict
from tests.runner.corpus.places import make_canary
from tests.runner.notebooks import job

_LONG: Final = Limits(cell_seconds=3600, run_seconds=3600)
# A cold jail takes long on a busy machine.
_PATIENCE_SECONDS: Final = 60
_SOURCE: Final = """
import os, time
open("diary.txt", "w").write({canary!r})
before, beat = os.stat("diary.txt").st_mtime_ns, 0
while True:
    beat += 1
    same = open("diary.txt").read() == {canary!r}
    kept = same and os.stat("diary.txt").st_mtime_ns == before
    print("beat" if kept else "harmed", beat)
    time.sleep(0.2)
"""


class Neighbour:
    """A job that reports, a few times a second, that it is unharmed."""

    def __init__(self, runner: Runner) -> None:
        self.canary = make_canary()
        self._runner = runner
        self._stop = threading.Event()
        self._result: JobResult | None = None
        self._beats = 0
        self._last = ""
        self._beaten = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="neighbour")
        self._thread.start()
        self.assert_unharmed()

    def _run(self) -> None:
        spec = job(_SOURCE.format(canary=self.canary), job_id="neighbour", limits=_LONG)
        self._result = self._runner.run(
            spec, on_event=self._listen, should_stop=self._stop.is_set
        )

    def _listen(self, event: Event) -> None:
        if isinstance(event, OutputAdded):
            with self._beaten:
                self._beats += 1
                self._last = event.tail.splitlines()[-1]
                self._beaten.notify_all()

    def assert_unharmed(self) -> None:
        """Assert that the job still runs and its files are unchanged."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with self._beaten:
            before = self._beats
            # The first report may have been sent before the harm was done.
            while self._beats < before + 2 and time.monotonic() < deadline:
                self._beaten.wait(0.5)
                assert self._result is None, (
                    f"the neighbour's job ended: {self._result}"
                )
            assert self._beats >= before + 2, "the neighbour's job is not heard of"
            assert self._last.startswith("beat"), f"the neighbour is {self._last}"

    def stop(self) -> None:
        """End the job, and assert that it ended by this call alone."""
        self._stop.set()
        self._thread.join()
        assert self._result is not None
        assert self._result.verdict is Verdict.CANCELLED
