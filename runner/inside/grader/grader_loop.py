"""The grader's process: it takes tests from the host and runs each question's."""

import builtins
import contextlib
import faulthandler
import gc
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch

from runner.inside.grader import (
    assigned_gradients,
    audit,
    check_helpers,
    class_hashes,
    course_modules,
    derivatives,
    empty_values,
    guard,
    identities,
    inspection,
    loaders,
    process_targets,
    refusals,
    test_runs,
    told_abilities,
    torch_modules,
    weak_references,
)
from runner.inside.grader.changed_arguments import ChangedArgumentError
from runner.inside.grader.error_traces import trace_of
from runner.inside.grader.fixed_seeds import FixedSeeds
from runner.inside.grader.generators import Generators
from runner.inside.grader.given_folders import hide
from runner.inside.grader.handles import NotDataError
from runner.inside.grader.named_classes import NoClassError
from runner.inside.grader.names import Library
from runner.inside.grader.own_process import adopt_orphans, end_left_running, run_apart
from runner.inside.grader.scratch import Scratch
from runner.inside.grader.second_answers import SecondAnswerError
from runner.inside.grader.snapshot_client import (
    NotDefinedError,
    SnapshotClient,
)
from runner.inside.grader.staff_texts import STAFF_TEXTS
from runner.inside.grader.student_errors import is_student_s, nearest_builtin
from runner.inside.grader.tests import (
    QuestionContext,
    Tests,
    WrongAnswerError,
    student_for,
)
from runner.inside.values.containers import forget_named_tuples
from runner.inside.values.graphs import on_lost_graph
from runner.protocol import check_words
from runner.protocol.jobs import CheckSpec, QuestionSpec, TestStyle
from runner.wire.frames import Channel, ChannelClosedError
from runner.wire.link import MAX_ANSWER_BYTES, MAX_ANSWER_HEADER, Link

# Time to end the processes that a question's tests have left running, and time to
# remove the files that they have stored. Starting a fresh jail takes little longer.
_END_SECONDS: Final = 1.0
_REMOVE_SECONDS: Final = 2.0
NOTHING_SHOWN: Final[Mapping[str, object]] = {}
# Longer than any message that a student may read.
_WORDS: Final = 200
# What a student reads of a refusal, by the name of its class.
_OF_REFUSALS: Final = {
    ChangedArgumentError.__name__: check_words.CHANGED,
    SecondAnswerError.__name__: check_words.READ_TWICE,
    NotDataError.__name__: check_words.NOT_DATA,
}
# The places in `sys` where Python keeps the last exception.
_LAST: Final = ("last_exc", "last_type", "last_value", "last_traceback")


def serve(fd: int, places: Sequence[Path]) -> None:
    """Obey the host until it closes the channel.

    `places` are all the folders below which the jail lets files be made.
    """
    channel = Channel(socket.socket(fileno=fd))
    channel.send({"t": "hello", "gpu": None})
    try:
        adopt_orphans()
        refusals.forget()
        grader = Grader(channel, places)
        while True:
            frame, fds = channel.receive()
            grader.obey(frame, fds)
    except ChannelClosedError:
        os._exit(0)
    except MemoryError:
        os._exit(check_words.OUT_OF_MEMORY_STATUS)


class Grader:
    """The grader of one job: it holds the job's tests and runs them."""

    def __init__(self, channel: Channel, places: Sequence[Path]) -> None:
        self._channel = channel
        self._places = places
        self._questions: dict[str, QuestionSpec] = {}
        self._context: QuestionContext
        self._generators: Generators
        self._fixed_seeds = FixedSeeds()
        self._scratch: Scratch

    def obey(self, frame: Mapping[str, Any], fds: list[int]) -> None:
        """Do what the host asks, and tell it when that is done."""
        match frame["t"]:
            case "setup":
                self._set_up(frame)
                self._channel.send({"t": "set_up"})
            case "tests":
                question = question_of(frame)
                self._questions[question.key] = question
            case "question":
                question = part_of(self._questions[frame["key"]], frame.get("checks"))
                with socket.socket(fileno=fds[0]) as sock:
                    run_apart(partial(self._answer, question, sock))
                end_left_running(_END_SECONDS)
            case "clear":
                is_clean = self._clear()
                self._channel.send({"t": "cleared", "is_clean": is_clean})

    def _clear(self) -> bool:
        """Remove what the tests have left. Return whether all is as it was at first.

        Whatever the tests have left, this neither ends the grader nor takes longer than
        its two time limits.
        """
        # Before anything is removed, so that no process changes those files or holds
        # them open.
        if not end_left_running(_END_SECONDS):
            return False
        with audit.suspended():
            return self._scratch.clear(_REMOVE_SECONDS)

    def _answer(self, question: QuestionSpec, sock: socket.socket) -> None:
        """Tell the host what each check found, and then that the question is answered."""
        is_whole = self._check(question, sock)
        # A thread of a test may still be waiting at the socket.
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        answered = {"t": "answered", "key": question.key}
        self._channel.send({**answered, "abandoned": not is_whole})

    def _set_up(self, frame: Mapping[str, Any]) -> None:
        self._generators = Generators(int(frame["secret"]))
        public = Path(frame["public"])
        self._context = QuestionContext(
            files=Path(frame["files"]),
            private=hide(Path(frame["private"])),
            library=Library(frame["names"]),
            defined=frozenset(frame["defined"]),
            classes=frozenset(frame["classes"]),
            functions=frozenset(frame["functions"]),
            methods=frozenset(
                (*frame["methods"], *course_modules.method_names_in(public))
            ),
        )
        course_modules.import_from(public)
        STAFF_TEXTS.use_folders(public, self._context.private)
        guard.install(self._context.folders, frame["handed_in"], public)
        class_hashes.install()
        identities.install()
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.close(null)
        torch.set_num_threads(1)
        self._generators.install()
        self._fixed_seeds.install()
        inspection.install()
        weak_references.install()
        told_abilities.install()
        process_targets.install()
        empty_values.install()
        test_runs.install()
        torch_modules.install()
        derivatives.install()
        assigned_gradients.install()
        on_lost_graph.append(refusals.note)
        with audit.suspended():
            self._scratch = Scratch(self._places)

    def _check(self, question: QuestionSpec, sock: socket.socket) -> bool:
        """Run the checks and tell the host the result of each.

        A check without a result at the host earns no points. Return false if the last
        check did not wait for an answer of the snapshot: the remaining checks must then
        be asked in another conversation.
        """
        link = Link(sock, max_header=MAX_ANSWER_HEADER, max_bytes=MAX_ANSWER_BYTES)
        forget_named_tuples()
        student = student_for(link, self._context, self._fixed_seeds)
        student.arguments.tell_repeat = self._tell_repeat
        with loaders.asking(student):
            try:
                self._generators.start(question.key)
                tests = Tests(question, student, self._context)
            except BaseException as broken:  # noqa: BLE001 - a process edge
                self._tell("", 0.0, "", broken)
                return True
            for number, check in enumerate(question.checks):
                if number:
                    # Nothing is cleared after the last check: this process ends.
                    _clear_away(student)
                else:
                    student.begin_check()
                self._generators.start(question.key, check.name)
                self._fixed_seeds.begin_check(question.source, check.source)
                # So that a time limit which a test sets itself can interrupt it.
                signal.signal(signal.SIGINT, signal.default_int_handler)
                score, words, error = run_check(tests, check, _stop_timers)
                shown = check_helpers.take_frame(_raised_in(error))
                # Also if the end was noted for a process that the test has forked.
                student.lost |= refusals.is_over()
                if not student.lost:
                    self._tell(check.name, score, words, error, shown)
                if error is not None:
                    _forget(error)
                    error = None
                if student.lost:
                    return True
                if student.is_abandoned:
                    return False
        return True

    def _tell_repeat(self, *, is_begun: bool) -> None:
        """Tell the host that a slow assertion is evaluated again, or no longer."""
        self._channel.send({"t": "repeat", "is_begun": is_begun})

    def _tell(
        self,
        name: str,
        score: float,
        words: str,
        error: BaseException | None,
        shown: Mapping[str, object] = NOTHING_SHOWN,
    ) -> None:
        """Tell the host the result of a check, in a frame of bounded length."""
        trace = ""
        if error is not None:
            with contextlib.suppress(Exception):  # its own data may make it fail
                trace = trace_of(error)
        found = {"name": name, "score": score, "message": words[:_WORDS]}
        self._channel.send({"t": "check", **found, **shown, "trace": trace})


def _raised_in(error: BaseException | None) -> BaseException | None:
    """Return the error, or what the first wrong line of a doctest has raised."""
    return (isinstance(error, WrongAnswerError) and error.error) or error


def _forget(error: BaseException) -> None:
    """Clear the error's frames: they hold what the check was given, which may be much."""
    with contextlib.suppress(Exception):
        traceback.clear_frames(error.__traceback__)
        error.__traceback__ = None


def _clear_away(student: SnapshotClient) -> None:
    """Remove every trace of a check: values, names and memory.

    A doctest leaves its last value under the name `_` in `builtins`, for all code that
    runs later. The garbage collector does not look through objects from before this
    process began.
    """
    student.begin_check()
    refusals.forget()
    vars(builtins).pop("_", None)
    for name in _LAST:
        vars(sys).pop(name, None)
    gc.collect()


def question_of(frame: Mapping[str, Any]) -> QuestionSpec:
    """Return the question in a frame from the host."""
    return QuestionSpec(
        key=frame["key"],
        style=TestStyle(frame["style"]),
        source=frame["source"],
        checks=tuple(CheckSpec(**check) for check in frame["checks"]),
    )


def part_of(question: QuestionSpec, checks: Sequence[str] | None) -> QuestionSpec:
    """Return the question with these checks alone, in this order; all for None."""
    if checks is None:
        return question
    by_name = {check.name: check for check in question.checks}
    return replace(question, checks=tuple(by_name[name] for name in checks))


def run_check(
    tests: Tests, check: CheckSpec, finish: Callable[[], None] = lambda: None
) -> tuple[float, str, BaseException | None]:
    """Return the check's score and message, and what it or `finish` raised."""
    refusals.forget()
    check_helpers.forget()
    try:
        try:
            score, words = tests.run(check)
        finally:
            finish()
    except BaseException as error:  # noqa: BLE001 - a process edge
        return 0.0, _safe_words_for(error), error
    refused = refusals.first()
    if score > 0 and refused is not None:
        return 0.0, _words_for(refused), refused
    return score, words, None


def _stop_timers() -> None:
    """End the time limits that a check has set itself: none may reach the next one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()
    faulthandler.cancel_dump_traceback_later()
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0)


def _safe_words_for(error: BaseException) -> str:
    """Return the message for the error, even if wording the error fails."""
    try:
        return _words_for(error)
    except Exception:  # noqa: BLE001 - its own class, or a name in it, may do anything
        return check_words.RAISED


def _words_for(error: BaseException) -> str:
    match error:
        case NotDefinedError() | NoClassError():
            is_there = isinstance(error, NoClassError)
            words = check_words.no_class if is_there else check_words.not_defined
            return words(error.missing)
        case WrongAnswerError(error=BaseException() as raised):
            return _words_for(raised)
        case WrongAnswerError(ename=ename):
            return check_words.raised_by_name(ename) if ename else check_words.PRINTED
        case check_words.NotAScoreError():
            return check_words.NO_SCORE
        case _ if _words_of_refusal(error):
            return _words_of_refusal(error)
        case _:
            return check_words.raised(_to_report(error))


def _words_of_refusal(error: BaseException) -> str:
    """Return the message for a refusal that has words of its own, or ""."""
    kinds = [one.__name__ for one in type(error).__mro__]
    if isinstance(error, refusals.RefusedInChildError):
        kinds = [error.kind]
    return next((_OF_REFUSALS[one] for one in kinds if one in _OF_REFUSALS), "")


def _to_report(error: BaseException) -> BaseException | type[BaseException]:
    """Return the exception, or its class, whose name a student reads."""
    if is_student_s(error):
        return nearest_builtin(error) or error
    if isinstance(error, refusals.RefusedInChildError):
        return error.class_to_report
    return error
