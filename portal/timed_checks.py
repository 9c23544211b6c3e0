"""Checks that answer within a time limit, even if what they look at hangs."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class HealthProblem:
    """Something that is wrong with the portal now.

    `key` stays the same as long as the problem does. `words` are for site staff.
    """

    key: str
    words: str


class TimedCall(Generic[T]):
    """A call in a thread of its own, so that whoever asks can stop waiting for it.

    It runs in one thread at most: while it hangs, the next question waits for the same
    answer and starts no other thread.
    """

    def __init__(self, name: str, call: Callable[[], T]) -> None:
        self.name = name
        self._call = call
        self._lock = threading.Lock()
        self._answer: Future[T] | None = None

    def begin(self) -> Future[T]:
        """Start the call, unless it runs already, and return its future answer."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = Future()
                threading.Thread(
                    target=self._run,
                    args=(self._answer,),
                    name=f"check-{self.name}",
                    daemon=True,
                ).start()
            return self._answer

    def _run(self, answer: Future[T]) -> None:
        try:
            result = self._call()
        except BaseException as error:  # noqa: BLE001  (whoever asks gets it)
            connections.close_all()
            answer.set_exception(error)
        else:
            # The thread ends here, so nobody else would close its connection.
            connections.close_all()
            answer.set_result(result)


class TimedCheck(TimedCall[list[HealthProblem]]):
    """A check within a time limit: `find` returns the problems that it finds.

    A check that raises has failed, which is a problem too.
    """

    def __init__(self, name: str, find: Callable[[], Iterable[HealthProblem]]) -> None:
        super().__init__(name, lambda: self._problems(find))

    def _problems(
        self, find: Callable[[], Iterable[HealthProblem]]
    ) -> list[HealthProblem]:
        try:
            return list(find())
        except Exception as error:  # noqa: BLE001  (the edge: what raises has failed)
            words = f"The check of the {self.name} failed: {type(error).__name__}."
            return [HealthProblem(key=self.name, words=words)]


def run_checks(
    checks: Iterable[TimedCheck], *, seconds: float
) -> Mapping[str, list[HealthProblem]]:
    """Run the checks side by side; return the problems of each, by its name.

    A check that gives no answer in these seconds has one problem, which says so.
    """
    give_up_at = time.monotonic() + seconds
    answers = {check.name: check.begin() for check in checks}
    wait(answers.values(), timeout=max(0.0, give_up_at - time.monotonic()))
    return {
        name: answer.result() if answer.done() else [_no_answer(name, seconds)]
        for name, answer in answers.items()
    }


def _no_answer(name: str, seconds: float) -> HealthProblem:
    return HealthProblem(
        key=name,
        words=f"The check of the {name} gave no answer within {seconds:g} seconds.",
    )
