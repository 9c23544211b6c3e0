"""Row 6: the cost of a test's call into the student's process instead of its own."""

import re
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final

import numpy as np

from bench.ours import Ours
from bench.setting import Findings, Setting
from bench.targets import at_most
from bench.work import code_cell, to_notebook
from runner.protocol.jobs import CheckSpec, JobSpec, QuestionSpec

_SMALL: Final = 16
_CALLS: Final = 200
# Eight bytes each: 64 MB there, and 64 MB back.
_LARGE: Final = 8 * 1024**2
_LARGE_CALLS: Final = 3
_BYTES_A_SECOND: Final = 500e6
_SECONDS: Final = re.compile(r"took ([0-9.e-]+) s")
_DOUBLE: Final = "def double(x): return 2 * x"
# The only words that leave a grader are what a test raises, for staff.
_TEST: Final = """\
import time
import numpy as np

def check(double):
    given = np.zeros({size})
    double(given)
    begun = time.perf_counter()
    for _ in range({calls}):
        double(given)
    raise RuntimeError(f"took {{(time.perf_counter() - begun) / {calls}}} s")
"""


def measure(setting: Setting) -> Findings:
    """Return the times of a call with a small and a large array, there and back."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    peer = context.Process(target=_serve, args=[theirs])
    peer.start()
    theirs.close()
    try:
        rows = tuple(
            at_most(
                f"6. a test's call, {name}",
                series["ours"],
                "pickle, pipe",
                series["peer"],
                seconds=seconds,
            )
            for name, seconds, series in (
                (
                    "16 numbers",
                    0.001,
                    setting.take_turns(_contestants(setting, ours, _SMALL, _CALLS)),
                ),
                (
                    "64 MB there and back",
                    2 * 8 * _LARGE / _BYTES_A_SECOND,
                    setting.take_turns(
                        _contestants(setting, ours, _LARGE, _LARGE_CALLS)
                    ),
                ),
            )
        )
    finally:
        ours.close()
        peer.join()
    return Findings(rows=rows)


def _contestants(
    setting: Setting, peer: Connection, size: int, calls: int
) -> dict[str, Callable[[], float]]:
    return {
        "ours": lambda: call_seconds(setting.ours, size, calls),
        "peer": lambda: _peer_seconds(peer, size, calls),
    }


def call_seconds(ours: Ours, size: int, calls: int) -> float:
    """Return the seconds of one call, in a real grader against a real notebook."""
    question = QuestionSpec(
        key="q1",
        source=_TEST.format(size=size, calls=calls),
        checks=(CheckSpec(name="check"),),
    )
    cells = [code_cell(_DOUBLE), code_cell("# softmark: check q1")]
    spec = JobSpec(
        job_id="bench",
        environment="default",
        notebook=to_notebook(cells),
        notebook_name="work.ipynb",
        questions=(question,),
    )
    trace = ours.runner.run(spec).questions[0].checks[0].trace
    found = _SECONDS.search(trace)
    assert found is not None, trace
    return float(found[1])


def _serve(connection: Connection) -> None:
    """Double each received object until the pipe is closed.

    There is no jail and no check, and any object is accepted.
    """
    while True:
        try:
            connection.send(2 * connection.recv())
        except EOFError:
            return


def _peer_seconds(connection: Any, size: int, calls: int) -> float:
    given = np.zeros(size)
    begun = time.perf_counter()
    for _ in range(calls):
        connection.send(given)
        connection.recv()
    return (time.perf_counter() - begun) / calls
