"""The host's side of a job's grader: its processes, its tests, and its answers."""

import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Final

from runner.host.job_files import await_frame
from runner.host.prepared_job import PreparedJob
from runner.host.spares import Spares
from runner.jail import file_layout
from runner.jail.file_layout import Folder
from runner.protocol import check_words, endings
from runner.protocol.endings import died
from runner.protocol.jobs import JobSpec, QuestionSpec
from runner.system import descriptors
from runner.wire.frames import FrameError
from runner.wire.job_order import Shape

log = logging.getLogger(__name__)

_PATIENCE_SECONDS: Final = 0.2
_READY_SECONDS: Final = 120
# The time to remove what tests have left. The grader gives itself less time.
_CLEAR_SECONDS: Final = 6.0
_ENDED: Final = "the process that runs the tests ended by itself"


class GraderClient:
    """Makes sure that a job has a grader, which is made while the notebook runs.

    `shape` holds the limits that the kernel enforces on the grader. `close` it at the
    end.
    """

    def __init__(self, spares: Spares, spec: JobSpec, shape: Shape) -> None:
        self._spares = spares
        self._spec = spec
        self._shape = shape
        self._secret = spec.grading_seed or secrets.randbits(63)
        self._coming: Future[PreparedJob] | None = None
        self._is_over = False
        self._replaced = False
        # The question that the grader was asked last, "" for a fresh one.
        self._asked = ""

    def call(self) -> None:
        """Start making a grader, if there is none."""
        if self._coming is None:
            self._coming = self._spares.set_up_later(self._make)

    def _make(self) -> PreparedJob:
        grader = self._spares.take(self._spec.environment, self._shape).result()
        try:
            grader.fill(file_layout.for_grader(self._spec), self._go_on)
            grader.student.send(self._setting(grader))
            for question in self._spec.questions:
                grader.student.send(_frame_of(question))
            await_frame(grader.student, "set_up", _READY_SECONDS, self._go_on)
        except BaseException:
            words = grader.pipes["stderr"].take().decode(errors="replace")
            if words and not self._is_over:
                log.warning("the grader could not be set up, and printed: %s", words)
            grader.dispose()
            raise
        return grader

    def _go_on(self) -> None:
        """Raise JobEnded if nobody needs the grader any more."""
        if self._is_over:
            raise endings.platform("runner_failed", "the job has ended")

    def _setting(self, grader: PreparedJob) -> dict[str, object]:
        files = grader.files
        return {
            "t": "setup",
            "secret": self._secret,
            "names": dict(self._spec.test_names),
            "defined": list(self._spec.defined_names),
            "classes": list(self._spec.defined_classes),
            "functions": list(self._spec.defined_functions),
            "methods": list(self._spec.defined_methods),
            "files": files.path(Folder.FILES),
            "private": files.path(Folder.PRIVATE),
            "public": files.path(Folder.MODULES),
            "handed_in": [file.name for file in file_layout.handed_in(self._spec)],
        }

    def get(self, key: str, meanwhile: Callable[[], None]) -> PreparedJob:
        """Return a grader that waits for the question's checks.

        What the tests of another question have left there is removed first. If that
        fails or takes too long, a fresh grader is used. `meanwhile` is called several
        times a second. Raises what making a grader raised.
        """
        grader = self._get(meanwhile)
        if self._asked not in {"", key} and not self._clear(grader, meanwhile):
            log.info("a grader is replaced: what tests left there was not removed")
            self.dismiss()
            grader = self._get(meanwhile)
        self._asked = key
        return grader

    def _clear(self, grader: PreparedJob, meanwhile: Callable[[], None]) -> bool:
        """Have the grader remove what tests have left. Return whether all is removed."""
        deadline = time.monotonic() + _CLEAR_SECONDS
        student = grader.student
        student.send({"t": "clear"})
        try:
            while student.open and time.monotonic() < deadline:
                writers = [student] if student.wants_to_send else []
                descriptors.wait([student], writers, seconds=_PATIENCE_SECONDS)
                student.flush()
                for frame in student.receive():
                    if frame.get("t") == "cleared":
                        return frame.get("is_clean") is True
                meanwhile()
        except FrameError:
            return False
        except BaseException:
            self.dismiss()  # its answer must not be taken for a later one
            raise
        return False

    def _get(self, meanwhile: Callable[[], None]) -> PreparedJob:
        """Return a grader that is alive. Raises what making it raised."""
        self.call()
        assert self._coming is not None  # noqa: S101 - called just now
        while not self._coming.done():
            meanwhile()
            wait([self._coming], timeout=_PATIENCE_SECONDS)
        grader = self._coming.result()
        if grader.is_alive:
            # A grader that ends after a question is replaced, however often that is.
            self._replaced = False
            return grader
        # It ended while it waited, or before it could say that it was done.
        self.dismiss()
        if self._replaced:
            raise endings.platform("runner_failed", _ENDED)
        self._replaced = True
        return self._get(meanwhile)

    def dismiss(self) -> None:
        """End the grader, whatever it does; the next question gets another."""
        coming, self._coming = self._coming, None
        self._asked = ""
        if coming is not None:
            self._spares.discard(coming)

    def close(self) -> None:
        """End the grader for good, and have a spare made in its place."""
        self._is_over = True
        if self._coming is not None:
            self._spares.refill(self._spec.environment, self._shape)
        self.dismiss()


def _frame_of(question: QuestionSpec) -> dict[str, object]:
    return {
        "t": "tests",
        "key": question.key,
        "style": question.style.value,
        "source": question.source,
        "checks": [
            {"name": check.name, "source": check.source, "worth": check.worth}
            for check in question.checks
        ],
    }


def why_it_ended(grader: PreparedJob) -> str:
    """Return the message for a grader that has ended in a check.

    It ran out of memory, or ended by a signal: values that are given to a library may
    crash it, and a time limit that a test has set itself may end the process. Raises
    JobEnded for a grader that has ended by itself, since the notebook is not the cause.
    """
    if grader.with_memory_limit(died(cell=0)).code == "memory":
        return check_words.OUT_OF_MEMORY
    code = grader.exit_code()
    if code == check_words.OUT_OF_MEMORY_STATUS:
        return check_words.OUT_OF_MEMORY
    if code is None or code >= 0:
        raise endings.platform("runner_failed", _ENDED)
    return check_words.ENDED
