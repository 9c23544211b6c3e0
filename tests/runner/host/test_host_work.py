"""Each byte and each frame of a flood from a job costs the host a bounded time."""

import base64
import json
import socket
import time
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.host.outputs import CellOutputs, JobOutputs
from runner.host.runner import Runner
from runner.host.session import _FRAME_COST
from runner.protocol.jobs import Limits, Verdict
from runner.wire.frames import (
    Frame,
    FrameError,
    FrameReader,
    Peer,
    dump_json,
    pack,
    parse,
    parse_cost,
)
from tests.runner.notebooks import job, outputs

# Far above what is measured (4 to 80 ns), far below what quadratic work would take.
NANOSECONDS_PER_BYTE = 400
FRAMES = 1000
LARGE = 15
# The mark where outputs are cut, and one short error.
A_LITTLE = 1000


def display(number: int, **more: object) -> Frame:
    return {"t": "display", "data": {"text/plain": "x"}, "metadata": {}, **more}


def text(number: int, name: str, data: bytes) -> Frame:
    encoded = base64.b64encode(data).decode()
    return {"t": "stream", "name": name, "data": encoded}


# What is sent, by its name: the frame of each number.
FLOODS: Mapping[str, Callable[[int], Frame]] = {
    "empty frames": lambda n: {},
    "displays": display,
    "displays of one id": lambda n: display(n, display_id="a"),
    "displays of many ids": lambda n: display(n, display_id=str(n)),
    "updates of one id": lambda n: display(n, t="update" if n else "display"),
    "updates of a display that is shown often": lambda n: display(
        n, t="display" if n < 50 else "update", display_id="a"
    ),
    "displays and clears": lambda n: (
        display(n, display_id=str(n)) if n % 2 else {"t": "clear"}
    ),
    "many displays, then clears": lambda n: (
        display(n, display_id=str(n)) if n < FRAMES // 2 else {"t": "clear"}
    ),
    "results": lambda n: display(n, t="result"),
    "errors": lambda n: {"t": "error", "ename": "E", "traceback": ["t"] * 100},
    "characters": lambda n: text(n, "stdout", b"x"),
    "characters of two streams": lambda n: text(n, ("stdout", "stderr")[n % 2], b"x"),
    "halves of characters": lambda n: text(n, "stdout", "é".encode()[n % 2 :][:1]),
    "long names": lambda n: display(n, display_id="a" * 5000),
    "notes of what was left out": lambda n: {"t": "dropped"},
}
LARGE_FLOODS: Mapping[str, Callable[[int], Frame]] = {
    "control characters": lambda n: text(n, "stdout", bytes(50_000)),
    "text": lambda n: text(n, "stdout", b"x" * 50_000),
    "keys": lambda n: display(n, data={str(k): "" for k in range(5000)}),
    "metadata": lambda n: display(n, metadata={str(k): k for k in range(5000)}),
    "lists": lambda n: display(n, data={"a/json": [[]] * 10_000}),
    "deep lists": lambda n: display(n, data={"a/json": [nested(60)] * 100}),
    "numbers": lambda n: display(n, data={"a/json": [0] * 20_000}),
    "long numbers": lambda n: display(n, data={"a/json": [10**4000] * 10}),
    "lines": lambda n: display(n, data={"text/plain": ["x"] * 10_000}),
    "a traceback": lambda n: {"t": "error", "traceback": ["x"] * 10_000},
    "escapes": lambda n: display(n, data={"text/plain": '"\\' * 10_000}),
}


def nested(depth: int) -> object:
    value: object = 0
    for _ in range(depth):
        value = [value]
    return value


def host_seconds(data: bytes) -> float:
    """Return the processor seconds that the host takes for these bytes."""
    cell = CellOutputs(JobOutputs(Limits(job_output_bytes=10**9)), 1)
    reader = FrameReader()
    begun = time.thread_time()
    for start in range(0, len(data), 2**18):
        reader.feed(data[start : start + 2**18])
        for frame in reader.frames():
            cell.add(frame)
    return time.thread_time() - begun


@pytest.mark.parametrize("name", [*FLOODS, *LARGE_FLOODS])
def test_the_host_s_work_is_linear_in_what_a_job_sends(name: str) -> None:
    flood = FLOODS.get(name) or LARGE_FLOODS[name]
    count = FRAMES if name in FLOODS else LARGE
    for frames in (count, 2 * count):
        data = b"".join(pack(flood(number)) for number in range(frames))
        charged = parse_cost(data) + frames * _FRAME_COST
        best = min(host_seconds(data) for _ in range(2))
        assert best * 1e9 / charged < NANOSECONDS_PER_BYTE


def test_the_host_reads_a_flood_in_portions() -> None:
    ours, theirs = socket.socketpair()
    peer = Peer(ours)
    theirs.settimeout(0)
    theirs.sendall(pack({}) * 1000)
    theirs.close()
    portions = []
    while peer.open:
        portions.append(len(peer.receive()))
        assert peer.idle == (not peer.open)
    assert max(portions) < 300
    assert sum(portions) == 1000
    peer.close()


def test_frames_nested_too_deeply_for_later_readers_are_refused() -> None:
    assert parse(json.dumps({"a": nested(60)}).encode())
    assert parse(json.dumps({"a": "[" * 1000}).encode())
    for value in (nested(70), [nested(70)], {"\\": ['"[', nested(70)]}):
        with pytest.raises(FrameError, match="deep"):
            parse(json.dumps({"a": value}).encode())
        with pytest.raises(FrameError, match="deep"):
            pack({"a": value})


ATTACKER = """
import gc, json, struct
(own,) = [o for o in gc.get_objects() if type(o).__name__ == "StudentChannel"]
def frame(message):
    data = json.dumps(message).encode()
    return struct.pack("!I", len(data)) + data
def flood(*messages):
    data = b"".join(map(frame, messages)) * 100
    while True: own.channel.sock.sendall(data)
"""


@pytest.mark.torch
@pytest.mark.parametrize(
    "messages",
    [
        "{'t': 'display', 'data': {}, 'display_id': 'a'}",
        "{'t': 'clear'}",
        "{'t': 'error', 'traceback': ['x'] * 1000}",
        "{'t': 'display', 'data': {'a/json': [[]] * 10_000}}",
        "*({'t': 'display', 'data': {}, 'display_id': str(n)} for n in range(2000))",
    ],
)
@pytest.mark.long
def test_a_flood_of_any_kind_ends_with_the_limit_on_output(
    runner: Runner, messages: str
) -> None:
    begun, used = time.monotonic(), time.thread_time()
    result = runner.run(job(f"{ATTACKER}\nflood({messages})", "1"))
    assert (result.verdict, result.code) == (Verdict.LIMIT, "output")
    assert time.thread_time() - used < 10
    assert time.monotonic() - begun < 30


@pytest.mark.torch
def test_errors_past_the_output_limit_are_few_and_cut_short(runner: Runner) -> None:
    error = "{'t': 'error', 'ename': 'E', 'traceback': ['t' * 4000] * 60}"
    source = f"{ATTACKER}\nown.channel.sock.sendall(frame({error}) * 3)"
    limits = Limits(cell_output_bytes=300_000, job_output_bytes=600_000)
    result = runner.run(job(*[source] * 6, limits=limits))
    assert result.code == "completed"
    assert 480_000 < len(result.notebook) < 610_000
    assert '"ename":"E"' in json.dumps(outputs(result, 6), separators=(",", ":"))


small = st.text(max_size=40) | st.sampled_from(["a", "b", "text/plain", "a/json"])
value = st.recursive(
    st.none() | st.booleans() | st.integers() | small,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(small, inner, max_size=5)
    ),
    max_leaves=20,
)
kind = st.sampled_from(["display", "update", "result", "error", "clear", "dropped"])
hostile = st.fixed_dictionaries(
    {"t": kind},
    optional={
        "data": st.dictionaries(small, value, max_size=30),
        "metadata": value | st.dictionaries(small, value),
        "display_id": small,
        "wait": st.booleans(),
        "ename": value,
        "evalue": value | st.just("é\0" * 3000),
        "traceback": st.lists(value, max_size=70),
    },
)
printed = st.binary(max_size=400) | st.sampled_from(
    [b"\0" * 900, "\N{SNAKE}\n".encode() * 99]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(hostile | printed, max_size=12), max_size=6))
def test_the_executed_notebook_stays_near_the_output_limit(
    cells: list[list[Frame | bytes]],
) -> None:
    limits = Limits(cell_output_bytes=1500, job_output_bytes=3000)
    whole, finished = JobOutputs(limits), []
    for number, frames in enumerate(cells):
        cell = CellOutputs(whole, number)
        for frame in frames:
            if isinstance(frame, bytes):
                cell.add_text(("stdout", "stderr")[len(frame) % 2], frame)
            else:
                cell.add(parse(dump_json(frame)))
        finished.append(cell.finish())
    sizes = [len(dump_json(outputs)) for outputs in finished]
    assert max(sizes, default=0) <= 1500 + A_LITTLE
    assert sum(sizes) <= 3000 + len(cells) * A_LITTLE
    assert sum(sizes) <= whole.stored_bytes + 2 * len(cells)
