"""A fault is called ours only after all causes in a notebook's reach are excluded."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.host.job import shape_of
from runner.host.monitor import Monitor
from runner.host.outputs import CellOutputs, JobOutputs
from runner.host.prepared_job import PreparedJob
from runner.host.runner import Runner
from runner.host.session import Session
from runner.jail.cgroups import HierarchyV2, find_hierarchy
from runner.protocol.endings import JobEnded, platform
from runner.protocol.jobs import Event, Limits, OutputAdded, Verdict
from runner.system.clock import JobClock
from runner.system.processes import family
from runner.wire.frames import FrameError, dump_json, parse
from tests.runner.inside.zygote.zygote_processes import zygote_pid
from tests.runner.notebooks import ANSWER, cell, job, question, text
from tests.services.processes import wait_until

MIB = 1024**2


@pytest.fixture
def prepared(runner: Runner) -> Iterator[PreparedJob]:
    made = runner._prepare("default", shape_of(Limits()))
    yield made
    made.group = None
    made.dispose()


def score(pid: int) -> int | None:
    """Return the out-of-memory score of the process, or None if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text())
    except OSError:
        return None


@pytest.mark.torch
def test_the_kernel_ends_the_notebook_before_the_first_process(
    prepared: PreparedJob,
) -> None:
    assert score(prepared.student_pid) == 1000
    assert score(prepared.job.pid) in range(-1000, 1000)


@pytest.mark.torch
def test_a_notebook_cannot_change_which_process_the_kernel_ends_first(
    runner: Runner,
) -> None:
    source = "open('/proc/self/oom_score_adj', 'r+').write('0')"
    assert runner.run(job(source)).code == "cells_failed"


@pytest.mark.torch
def test_waiting_snapshots_end_after_the_running_process(runner: Runner) -> None:
    scores: list[list[int | None]] = []

    def look(event: Event) -> None:
        if isinstance(event, OutputAdded):
            scores.append([score(one.pid) for one in family(zygote_pid(runner))])

    check = cell("# softmark: check q1")
    spec = job("answer = 42", check, "print('here')", questions=(ANSWER,))
    assert runner.run(spec, on_event=look).code == "completed"
    assert [scores[0].count(one) for one in (500, 1000)] >= [1, 1]


FULL: Any = SimpleNamespace(memory_kills=lambda: 1, remove=lambda: None)


@pytest.mark.torch
def test_a_process_that_ends_in_a_full_group_ran_out_of_memory(
    prepared: PreparedJob,
) -> None:
    ours = platform("runner_failed", "gone")
    prepared.group = None
    assert prepared.with_memory_limit(ours) is ours
    prepared.group = FULL
    assert prepared.with_memory_limit(ours).code == "memory"


@pytest.mark.torch
def test_memory_is_checked_before_the_first_process_s_end_is_our_fault(
    prepared: PreparedJob,
) -> None:
    spec = job("1")
    watch = Monitor(spec, lambda _: None, lambda: False, JobClock())
    session = Session(watch, JobOutputs(spec.limits), prepared)
    prepared.group = FULL
    signal.pidfd_send_signal(prepared.pidfd, signal.SIGKILL)

    def look() -> bool:
        session._read_init()
        return False

    with pytest.raises(JobEnded) as caught:
        wait_until(look, seconds=5, what="its end")
    assert (caught.value.verdict, caught.value.code) == (Verdict.LIMIT, "memory")


SOCKETS = """
import os, socket, time
def fill():
    for _ in range(100):
        pair = socket.socketpair()
        kept.append(pair)
        for one in pair:
            one.setblocking(False)
            try:
                while True: one.send(bytes(65536))
            except OSError: pass
kept = []
for _ in range(40):
    if os.fork() == 0:
        fill(); time.sleep(60)
    time.sleep(0.05)
time.sleep(60)
"""


@pytest.mark.torch
@pytest.mark.parametrize(
    "frame",
    ["{'t': []}", "{'t': 'checked', 'errno': []}", "{'t': 'done', 'cell': {}}", "{}"],
)
def test_no_frame_at_a_check_cell_is_our_fault(runner: Runner, frame: str) -> None:
    work = (
        "import gc\nfrom runner.inside.student import snapshot\n"
        "from runner.inside.student.channel import StudentChannel\n"
        "(channel,) = [o for o in gc.get_objects() if type(o) is StudentChannel]\n"
        "keep = snapshot.make\n"
        "def forged(*given):\n"
        f"    channel.channel.send({frame})\n    return keep(*given)\n"
        "snapshot.make = forged\nx = 1"
    )
    one = cell("", question="q1")
    asked = question("q1", "def check(x): assert x == 1\n")
    # A frame too late for the check cell is read in the next cell.
    result = runner.run(job(work, one, "x", questions=(asked,)))
    assert (result.verdict, result.code) == (Verdict.STUDENT_ERROR, "process_died")


@pytest.mark.torch
def test_kernel_memory_counts_for_the_notebook(runner: Runner) -> None:
    if find_hierarchy() is None:
        pytest.skip("no control groups may be made here")
    limits = Limits(memory_bytes=400 * MIB, disk_bytes=16 * MIB, run_seconds=20)
    result = runner.run(job(SOCKETS, limits=limits))
    assert (result.verdict, result.code) == (Verdict.LIMIT, "memory")


def test_the_control_group_tells_the_kernel_memory(tmp_path: Path) -> None:
    group = HierarchyV2(tmp_path).make_group(memory_bytes=2**30, processes=50)
    (folder,) = tmp_path.iterdir()
    assert group.kernel_bytes() == 0
    (folder / "memory.stat").write_text("anon 9\nslab 3\npagetables 4\n")
    assert group.kernel_bytes() == 7
    (folder / "memory.stat").write_text("kernel 8\nslab 3\nsock 1\n")
    assert group.kernel_bytes() == 9


@pytest.mark.torch
def test_a_job_that_closes_its_folders_is_still_measured(
    runner: Runner,
) -> None:
    source = (
        "import os, time\nf = open('big', 'wb')\nos.chmod(os.path.expanduser('~'), 0)\n"
        "time.sleep(0.6)\nprint('alive', flush=True)\n"
        "for _ in range(20): f.write(bytes(2**20))\nf.flush(); time.sleep(30)"
    )
    result = runner.run(job(source, limits=Limits(disk_bytes=8 * MIB)))
    assert (result.verdict, result.code) == (Verdict.LIMIT, "disk")
    assert "alive" in text(result)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
KINDS = ["stream", "display", "update", "result", "error", "clear", "dropped"]
FIELDS = ["name", "data", "metadata", "display_id", "wait", "ename", "evalue"]
frame = st.fixed_dictionaries(
    {"t": st.sampled_from(KINDS) | anything},
    optional={
        **dict.fromkeys(FIELDS, anything | st.just("\ud800")),
        "traceback": anything,
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(frame, max_size=8))
def test_no_frame_of_a_notebook_is_an_error_of_the_host(
    frames: list[dict[str, object]],
) -> None:
    cell = CellOutputs(JobOutputs(Limits()), 1)
    for one in frames:
        # A frame without a kind ends the notebook's process: see the next test.
        with contextlib.suppress(FrameError):
            cell.add(parse(dump_json(one).replace(b'"?"', b'"\\ud800"')))
    cell.tail.encode()
    dump_json(cell.finish())


MEDIA = ["text/plain", "json", "x/json", "x+json", "application/json", "a/b+json", ""]
VALUES = st.text() | st.lists(st.text()) | st.none() | st.integers() | st.just({"a": 1})


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(MEDIA), VALUES))
def test_a_stored_display_is_valid_in_a_notebook(data: dict[str, object]) -> None:
    cell = CellOutputs(JobOutputs(Limits()), 1)
    cell.add({"t": "display", "data": data, "metadata": {}})
    code = nbformat.v4.new_code_cell(id="a", outputs=cell.finish())
    nbformat.validate(nbformat.v4.new_notebook(cells=[code]))
