"""A notebook's process that sends anything, at any moment, harms only itself.

Hypothesis writes its messages to the host: frames of every kind and shape, also those
that only the host's own processes send, and junk; in a cell, between cells, at a check
cell, on a snapshot's own socket, while snapshots stop and are asked, and from a fresh
process in which the cells run again. One question is honest, and passes.
"""

import json
import time
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.host import cells, question_run, question_runner, recovery, snapshots
from runner.protocol.jobs import JobResult, Verdict
from tests.runner.proof.drawing import at_most
from tests.runner.proof.wire import HONEST, Script, Turn, frame, run

pytestmark = pytest.mark.timeout(1200)

_FEW, _MANY = 20, 500
_KINDS: Final[tuple[Any, ...]] = (
    *("hello", "set_up", "checked", "done", "stream", "display", "update", "result"),
    *("error", "clear", "dropped", "usage", "ended", "gone", "ready", "idle", "check"),
    *("answered", "student", "end", "", "x", None, 0, True, [], {}, ["done"], "\ud800"),
    *([], {}, ["checked"], {"t": "done"}),
)
_words: Final = st.sampled_from(["", "x", "\ud800", "\0", "x" * 3000, "stdout", "QQ=="])
_values: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, -1, 2**63, 1e300, -0.0])
    | _words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3)
    ),
    max_leaves=4,
)
_numbers: Final = st.integers(0, 4) | _values
_FIELDS: Final[dict[str, st.SearchStrategy[Any]]] = {
    **dict.fromkeys(("cell", "errno", "status", "peak_memory_bytes", "fds"), _numbers),
    **dict.fromkeys(("disk", "shared", "cpu_seconds", "wait", "reason"), _values),
    **dict.fromkeys(("ename", "evalue", "name", "display_id"), _words | _values),
    "traceback": st.lists(_words, max_size=3) | _values,
    "data": st.dictionaries(
        st.sampled_from(["text/plain", "application/json", "x/json", ""]), _values
    )
    | _words
    | _values,
    "metadata": _values,
    "key": st.sampled_from(["q1", "q2"]),
}
_frames: Final = st.fixed_dictionaries(
    {}, optional={"t": st.sampled_from(_KINDS), **_FIELDS}
) | st.builds(
    lambda kind, more: {**more, "t": kind},
    st.sampled_from(_KINDS),
    st.fixed_dictionaries({}, optional=_FIELDS),
)
_JUNK: Final = (
    *(frame(b""), frame(b"[]"), frame(b"{"), frame(b"{}", length=2**31), b"\0\0"),
    *(frame(b"null"), frame(b'{"t":NaN}'), frame(b'{"t":1e999}'), b"\xff" * 9),
    *(frame(b'{"t":' + b"[" * 500), frame(b'{"t":"done","cell":' + b"9" * 5000 + b"}")),
    *(frame(b"{}", length=70), frame(b'"\xff"'), frame(b'{"t":"done","t":"checked"}')),
)


def _bytes(one: dict[str, Any]) -> bytes:
    return frame(json.dumps(one).encode())


_said: Final = st.lists(_frames.map(_bytes) | st.sampled_from(_JUNK), max_size=3).map(
    b"".join
)
_rarely_not: Final = st.sampled_from([True] * 19 + [False])
_turns: Final = st.builds(
    Turn,
    before=st.just(b"") | _said,
    answers=_rarely_not,
    after=st.just(b"") | _said,
    forks=_rarely_not,
    own=st.just(b"") | _said,
    at_once=st.sampled_from([HONEST.at_once] * 3) | _said,
    woken=st.just(b"") | _said,
    wire=st.sampled_from([b"ok", b"", b"\xff" * 4, b"no"]),
)
# First a cell, a check cell and its snapshot of an honest notebook; then an arbitrary
# cell, check cell and snapshot, and another cell. Most messages end the notebook, so
# the arbitrary part begins at each of these in turn.
_scripts: Final = st.builds(
    Script,
    first=st.integers(0, 3).flatmap(
        lambda honest: st.lists(_turns, min_size=4 - honest, max_size=4 - honest).map(
            lambda turns: [HONEST] * (3 + honest) + turns
        )
    ),
    fresh=st.lists(_turns, max_size=5),
    early=st.sampled_from([b""] * 5) | _said,
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the host wait less long for messages that never come."""
    monkeypatch.setattr(cells, "GRACE_SECONDS", 0.1)
    monkeypatch.setattr(question_runner, "_SNAPSHOT_SECONDS", 0.5)
    monkeypatch.setattr(snapshots, "_BREAK_SECONDS", 0.2)
    monkeypatch.setattr(question_run, "_REAP_SECONDS", 0.3)
    monkeypatch.setattr(recovery, "_SPARE_SECONDS", 0.05)


def test_an_honest_process_passes_both_questions() -> None:
    result = run(Script(first=[]))
    assert result.verdict is Verdict.COMPLETED, result.detail
    assert [one.checks[0].message for one in result.questions] == ["passed"] * 2


def of_honest(result: JobResult) -> str:
    """Return what the check of the honest question says."""
    (found,) = (one for one in result.questions if one.key == "q2")
    return found.checks[0].message


# Without this, a failing script that is long would be hidden by a warning.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize(
    "examples", [_FEW, pytest.param(_MANY, marks=pytest.mark.long)]
)
def test_a_hostile_process_harms_only_itself(examples: int) -> None:
    @at_most(examples)
    @given(script=_scripts)
    def costs_itself(script: Script) -> None:
        begun = time.monotonic()
        result = run(script)
        assert time.monotonic() - begun < 20
        assert result.verdict is not Verdict.PLATFORM, result.detail
        if of_honest(result) != "passed":
            # On a busy machine, half a second may be too short for it.
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(question_runner, "_SNAPSHOT_SECONDS", 10.0)
                result = run(script)
        assert of_honest(result) == "passed"

    costs_itself()
