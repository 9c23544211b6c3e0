"""Every end of a run has a message, which hostile values cannot change."""

import pytest

from grading.messages import Tone, describe
from grading.models import GradingRun
from grading.states import State, Verdict

ENDS = [
    ("completed", "completed"),
    ("student_error", "cells_failed"),
    ("student_error", "process_died"),
    ("student_error", "exited"),
    ("limit", "cell_time"),
    ("limit", "question_time"),
    ("limit", "run_time"),
    ("limit", "memory"),
    ("limit", "gpu_memory"),
    ("limit", "disk"),
    ("limit", "output"),
    ("limit", "processes"),
    ("limit", "open_files"),
    ("rejected", "notebook_unreadable"),
    ("rejected", "cell_too_long"),
    ("rejected", "language"),
    ("nothing_run", "nothing_run"),
]


def ended(verdict: str, code: str, **detail: object) -> GradingRun:
    return GradingRun(
        state=State.FINISHED, verdict=verdict, code=code, detail=dict(detail)
    )


@pytest.mark.parametrize(("verdict", "code"), ENDS)
def test_every_end_has_its_own_message(verdict: str, code: str) -> None:
    message = describe(ended(verdict, code))
    assert message.title != "Ended"
    assert message.text
    assert "{" not in message.text


def test_every_verdict_has_a_message() -> None:
    assert {verdict for verdict, _ in ENDS} == set(Verdict.values)


@pytest.mark.parametrize("state", [s for s in State if s != State.FINISHED])
def test_every_state_has_a_message(state: State) -> None:
    assert describe(GradingRun(state=state)).title != "Ended"


@pytest.mark.parametrize(
    "code",
    [
        "lease_expired",
        "runner_failed",
        "environment_missing",
        "gpu_fault",
        "gpu_missing",
        "file_missing",
        "job_unbuildable",
        "result_unreadable",
        "result_not_stored",
    ],
)
def test_our_fault_is_called_ours(code: str) -> None:
    message = describe(GradingRun(state=State.NEEDS_STAFF, code=code))
    assert message.tone == Tone.PORTAL_FAULT
    assert "no attempt is used up" in message.hint
    assert message.text != "Something failed on our side, more than once."


def test_values_are_put_into_the_message() -> None:
    message = describe(ended("limit", "cell_time", cell=4, seconds=90))
    assert message.text == "Cell 4 was stopped at its limit of 90 seconds."


def test_whole_minutes_and_sizes_are_written_without_fractions() -> None:
    assert "5 minutes" in describe(ended("limit", "run_time", seconds=300.0)).text
    for code in ("memory", "gpu_memory"):
        assert "2 GB" in describe(ended("limit", code, bytes=2 * 1024**3)).text


LIMITS = ["cell_time", "run_time", "memory", "disk", "output", "processes"]


@pytest.mark.parametrize("code", LIMITS)
def test_a_limit_that_stopped_the_notebook_says_that_nothing_after_ran(
    code: str,
) -> None:
    detail = {"cell": 4, "seconds": 5, "bytes": 1024**3, "after": "stopped"}
    words = describe(ended("limit", code, **detail)).text
    assert "stopped in cell 4. Nothing after it ran." in words


@pytest.mark.parametrize("code", [*LIMITS, "open_files"])
def test_a_limit_that_cost_one_cell_says_that_the_rest_ran(code: str) -> None:
    detail = {"cell": 4, "seconds": 5, "bytes": 1024**3}
    message = describe(ended("limit", code, **detail))
    assert "Only this cell was lost" in message.hint
    assert "nothing after it ran" not in message.text


def test_message_of_a_killed_cell_says_that_the_rest_ran_in_a_fresh_process() -> None:
    detail = {"cell": 4, "seconds": 5, "after": "rerun"}
    assert (
        "could not be interrupted"
        in describe(ended("limit", "cell_time", **detail)).text
    )


def test_message_about_memory_agrees_with_the_memory_used() -> None:
    """A cell whose request for memory was refused has used less than the limit."""
    for more, words in (
        ({}, "A run may use 1 GB. Cell 2 asked for more memory than was left."),
        ({"after": "stopped"}, "Cell 2 needed more than the 1 GB"),
        ({"after": "stopped", "died": True}, "had used nearly all of the 1 GB"),
    ):
        detail = {"cell": 2, "bytes": 1024**3, **more}
        assert words in describe(ended("limit", "memory", **detail)).text


@pytest.mark.parametrize("after", [["stopped"], {}, 1, "elsewhere"])
def test_an_invalid_cost_is_ignored(after: object) -> None:
    detail = {"cell": 4, "seconds": 5, "after": after}
    text = describe(ended("limit", "cell_time", **detail)).text
    assert text == "Cell 4 was stopped at its limit of 5 seconds."


def test_one_cell_is_written_in_the_singular() -> None:
    detail = {"cell": 3, "failed": 1, "ename": "NameError"}
    assert describe(ended("student_error", "cells_failed", **detail)).text == (
        "1 cell raised an error, the first in cell 3: NameError."
    )


@pytest.mark.parametrize("cell", ["{0}", None, "x", float("inf"), [], 10**400])
def test_an_invalid_value_is_left_out(cell: object) -> None:
    message = describe(ended("limit", "cell_time", cell=cell, seconds=60))
    assert message.text == "A cell was stopped at its time limit."


def test_a_long_value_is_cut_short() -> None:
    detail = {"cell": 1, "failed": 1, "ename": "E" * 5000}
    assert len(describe(ended("student_error", "cells_failed", **detail)).text) < 200


def test_a_signal_is_named_in_words() -> None:
    message = describe(ended("student_error", "process_died", cell=2, signal=11))
    assert message.text.endswith("it used memory that does not belong to it.")


def test_an_unknown_code_has_a_message() -> None:
    assert describe(ended("limit", "from_the_future")).title == "Ended"


@pytest.mark.parametrize(("verdict", "code"), ENDS)
def test_message_for_other_readers_does_not_say_your(verdict: str, code: str) -> None:
    message = describe(ended(verdict, code), is_own=False)
    assert "your" not in f"{message.text} {message.hint}".lower().split()
