"""The words for where a run is and how it ended, in one place for pages and the API.

A code selects the words. The values in them come from the run's `detail`, which the
notebook may have influenced. So the values are shortened here and escaped by the page.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from grading.message_values import Detail, message_values
from grading.models import GradingRun
from grading.states import State, Verdict
from runner.protocol.endings import RERUN, STOPPED


class Tone(StrEnum):
    """The tone of a message. PORTAL_FAULT: the portal is at fault, not the notebook."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    PORTAL_FAULT = "ours"


@dataclass(frozen=True, kw_only=True)
class Message:
    """What happened and what to do about it, for the student."""

    title: str
    text: str
    hint: str = ""
    tone: Tone = Tone.OK


@dataclass(frozen=True, kw_only=True)
class _Words:
    """Texts with `{names}`; the first text for which all values are known is used.

    `by_cell` is tried first and names the cell, then `text`, then `plain`, which needs
    no value.
    """

    title: str
    text: str
    by_cell: str = ""
    plain: str = ""
    hint: str = ""
    tone: Tone = Tone.BAD


_TRIED_BEFORE: Final = _Words(
    title="In the queue again",
    text="Your work is stored. Something failed on our side while it was run, and the "
    "portal tries again by itself.",
    hint="You can close this page. Nothing is lost, and no attempt is used up.",
    tone=Tone.PORTAL_FAULT,
)
_STATES: Final[Mapping[str, _Words]] = {
    State.QUEUED: _Words(
        title="In the queue",
        text="Your work is stored. It waits for a free worker.",
        hint="You can close this page. Nothing is lost.",
        tone=Tone.OK,
    ),
    State.RUNNING: _Words(
        title="Running",
        text="Your notebook is running now. This page follows it.",
        tone=Tone.OK,
    ),
    State.CANCELLED: _Words(
        title="Cancelled",
        text="This run was stopped before it had a result.",
        hint="Your files are kept. Hand in again, or ask staff to run them again.",
        tone=Tone.WARN,
    ),
    State.SUPERSEDED: _Words(
        title="Replaced by a later attempt",
        text="You handed in again before this attempt had run, so it was not run.",
        hint="Your later attempt takes its place.",
        tone=Tone.WARN,
    ),
}
# The code of a run that executed nothing, since its revision has no notebook.
NOTHING_RUN: Final = "nothing_run"
_CHECKING: Final = _Words(
    title="Checking your questions",
    text="Your notebook has ended. All results are shown together, after the last check.",
    tone=Tone.OK,
)
_VERDICTS: Final[Mapping[tuple[str, str], _Words]] = {
    (Verdict.COMPLETED, "completed"): _Words(
        title="Ran to the end",
        text="Every cell of your notebook ran without an error.",
        tone=Tone.OK,
    ),
    (Verdict.STUDENT_ERROR, "cells_failed"): _Words(
        title="Ran, with errors",
        text="{cells_failed} raised an error, the first in cell {cell}: {ename}.",
        plain="Some cells raised an error.",
        hint=(
            "The other cells still ran. Every question was checked at the place of "
            "its check in the notebook. The executed notebook shows each error."
        ),
        tone=Tone.WARN,
    ),
    (Verdict.STUDENT_ERROR, "process_died"): _Words(
        title="The notebook's process died",
        text="Python stopped in cell {cell}: {signal}.",
        plain="Python stopped while your notebook was running.",
        hint=(
            "This happens if compiled code crashes, or if code ends its own process. "
            "Nothing after that cell ran. Questions checked before it keep their "
            "points."
        ),
    ),
    (Verdict.STUDENT_ERROR, "exited"): _Words(
        title="The notebook ended itself",
        text="Cell {cell} called exit() or quit(), so nothing after it ran.",
        plain="A cell called exit() or quit(), so nothing after it ran.",
        hint="Remove the call. Questions checked before it keep their points.",
    ),
    (Verdict.LIMIT, "cell_time"): _Words(
        title="A cell took too long",
        text="Cell {cell} was stopped at its limit of {seconds}.",
        plain="A cell was stopped at its time limit.",
        hint=(
            "Hand in trained weights instead of training here, or make the cell do "
            "less. Questions checked before this cell keep their points."
        ),
    ),
    (Verdict.LIMIT, "question_time"): _Words(
        title="A question took too long",
        text="The checks of a question did not finish within their limit of {seconds}.",
        plain="The checks of a question did not finish within their time limit.",
        hint=(
            "Look at the code that the question asks you to write. Does it have a "
            "loop that does not end? Questions checked before this one keep their "
            "points."
        ),
    ),
    (Verdict.LIMIT, "run_time"): _Words(
        title="The notebook took too long",
        text="The whole run was stopped at its limit of {seconds}.",
        plain="The whole run was stopped at its time limit.",
        hint=(
            "Hand in trained weights instead of training here. Questions checked "
            "before the stop keep their points."
        ),
    ),
    (Verdict.LIMIT, "memory"): _Words(
        title="Out of memory",
        by_cell="Cell {cell} needed more than the {size} that a run may use.",
        text="Your notebook needed more than the {size} that a run may use.",
        plain="Your notebook needed more memory than a run may use.",
        hint="Use smaller batches, and delete large tensors that you no longer need.",
    ),
    (Verdict.LIMIT, "gpu_memory"): _Words(
        title="Out of GPU memory",
        by_cell="Cell {cell} needed more than the {size} of GPU memory that a run has.",
        text="Your notebook needed more than the {size} of GPU memory that a run has.",
        plain="Your notebook needed more GPU memory than a run has.",
        hint=(
            "Use smaller batches, predict inside torch.no_grad(), and delete large "
            "tensors that you no longer need. Questions checked before this cell "
            "keep their points."
        ),
    ),
    (Verdict.LIMIT, "disk"): _Words(
        title="Out of disk space",
        by_cell="Cell {cell} wrote more than the {size} that a run may use.",
        text="Your notebook wrote more than the {size} that a run may use.",
        plain="Your notebook wrote more data to disk than a run may.",
        hint="Do not save checkpoints or data sets during the run.",
    ),
    (Verdict.LIMIT, "output"): _Words(
        title="Too much output",
        by_cell="Cell {cell} printed more than a run may print.",
        text="Your notebook printed more than a run may print, so it was stopped.",
        hint="Print less often, not in every step.",
    ),
    (Verdict.LIMIT, "processes"): _Words(
        title="Too many processes",
        by_cell="Cell {cell} started more processes or threads than a run may have.",
        text="Your notebook started more processes or threads than a run may have.",
        hint="Set num_workers=0 in your data loaders.",
    ),
    (Verdict.LIMIT, "open_files"): _Words(
        title="Too many open files",
        by_cell="Cell {cell} had more files open at once than a run may have.",
        text="Your notebook had more files open at once than a run may have.",
        hint="Open files in a with statement, so that Python closes them again. If "
        "you keep batches from a data loader with workers, each batch keeps a "
        "file open too. Keep y.clone() instead of y, or set num_workers=0.",
    ),
    (Verdict.NOTHING_RUN, NOTHING_RUN): _Words(
        title="Handed in",
        text="Your files are stored. Nothing is run: people mark them.",
        hint="Points and comments are in the feedback, which opens when the marks are "
        "released.",
        tone=Tone.OK,
    ),
    (Verdict.REJECTED, "notebook_unreadable"): _Words(
        title="Not run: the notebook cannot be read",
        text="The file is not a notebook in format 4.",
        hint="Open the notebook in Jupyter, save it, and hand in that file.",
    ),
    (Verdict.REJECTED, "cell_too_long"): _Words(
        title="Not run: a cell is too long",
        text="Cell {cell} has more text than a cell may have here.",
        plain="A cell has more text than a cell may have here.",
        hint=(
            "Move its data to a file, or split it into several cells. Then hand in "
            "again."
        ),
    ),
    (Verdict.REJECTED, "language"): _Words(
        title="Not run: not a Python notebook",
        text="This notebook is written for {language}. Only Python can run here.",
        plain=(
            "This notebook is written for another language. Only Python can run here."
        ),
        hint=(
            "Choose a Python kernel in Jupyter, save the notebook, and hand it in "
            "again."
        ),
    ),
}
# A cell that was refused memory has not used that memory, and a process that died near
# the limit was not measured above it. These words agree with the peak that the page
# shows beside them.
_REFUSED: Final = (
    "A run may use {size}. Cell {cell} asked for more memory than was left."
)
_DIED_NEAR: Final = (
    "Python stopped in cell {cell}. The cell had used nearly all of the {size} that "
    "a run may use."
)
# What the limit cost the notebook, by the value of the detail "after".
_COSTS: Final[Mapping[object, str]] = {
    STOPPED: "The notebook was stopped in cell {cell}. Nothing after it ran.",
    RERUN: (
        "The cell could not be interrupted. So Python was started again: the cells "
        "before it were run once more, and then the cells after it."
    ),
}
_ONE_CELL: Final = "Only this cell was lost. The cells after it ran."
# Why staff have to look. Each text is followed by the same hint.
_OURS: Final[Mapping[str, str]] = {
    "lease_expired": (
        "The machine that ran your notebook stopped working, more than once."
    ),
    "runner_failed": "The program that runs notebooks failed, more than once.",
    "environment_missing": "The environment that this work needs is not installed.",
    "gpu_fault": "The GPU that ran your notebook failed, more than once.",
    "gpu_missing": "There is no GPU that this work can run on.",
    "file_missing": "A file that this run needs is missing or damaged on our side.",
    "job_unbuildable": "The lecturer has not set up this assignment completely.",
    "result_unreadable": "Your notebook ran, but its result could not be read.",
    "result_not_stored": "Your notebook ran, but its result could not be stored.",
}
_UNKNOWN: Final = _Words(
    title="Ended", text="This run has ended.", tone=Tone.WARN, hint=""
)


CODES: Final = frozenset({*(code for _, code in _VERDICTS), *_OURS})

# Replacements that turn words for the author into words for anybody else.
_TO_OTHERS: Final = (
    ("You handed in again", "The student handed in again"),
    ("Your ", "The "),
    ("your ", "the "),
)


def describe(run: GradingRun, *, is_own: bool = True) -> Message:
    """Return the words for where the run is, or for how it ended.

    They address the author. If `is_own` is false, they address somebody else who reads
    it.
    """
    message = _describe(run)
    if is_own:
        return message
    text, hint = message.text, message.hint
    for to_author, to_others in _TO_OTHERS:
        text = text.replace(to_author, to_others)
        hint = hint.replace(to_author, to_others)
    return replace(message, text=text, hint=hint)


def _describe(run: GradingRun) -> Message:
    if run.state == State.NEEDS_STAFF:
        return Message(
            title="Our fault: waiting for staff",
            text=_OURS.get(run.code, "Something failed on our side, more than once."),
            hint=(
                "Your files are safe, and no attempt is used up. Staff see this run "
                "in their list and can run it again. You do not need to hand in "
                "again."
            ),
            tone=Tone.PORTAL_FAULT,
        )
    if run.state == State.RUNNING and run.progress.get("is_checking"):
        return _say(_CHECKING, {})
    if run.state == State.QUEUED and run.put_back_count:
        return _say(_TRIED_BEFORE, {})
    if run.state != State.FINISHED:
        return _say(_STATES.get(run.state, _UNKNOWN), {})
    return describe_end(run.verdict, run.code, run.detail or {})


def describe_end(verdict: str, code: str, detail: Detail) -> Message:
    """Return the words for how a notebook's run ended, whoever ran it.

    The words for a limit also say what was lost: one cell, or everything after it.
    """
    words = _VERDICTS.get((verdict, code), _UNKNOWN)
    if verdict != Verdict.LIMIT:
        return _say(words, detail)
    after = detail.get("after")
    if code == "memory" and detail.get("died"):
        words = replace(words, by_cell=_DIED_NEAR)
    elif code == "memory" and after is None:
        words = replace(words, by_cell=_REFUSED)
    return _with_cost(_say(words, detail), detail)


def _with_cost(message: Message, detail: Detail) -> Message:
    """Return the message with what the limit cost, if the detail names the cell."""
    values, after = message_values(detail), detail.get("after")
    if "cell" not in values:
        return message
    if isinstance(after, str) and after in _COSTS:
        cost = _COSTS[after].format_map(values)
        return replace(message, text=f"{message.text} {cost}")
    return replace(message, hint=f"{_ONE_CELL} {message.hint}")


def _say(words: _Words, detail: Detail) -> Message:
    values = message_values(detail)
    text = words.plain or _UNKNOWN.text
    for form in filter(None, (words.by_cell, words.text)):
        with contextlib.suppress(KeyError):
            text = form.format_map(values)
            break
    return Message(title=words.title, text=text, hint=words.hint, tone=words.tone)
