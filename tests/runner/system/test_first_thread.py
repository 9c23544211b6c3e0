"""A process whose first thread has ended is treated like any other process."""

import dataclasses
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import Limits
from runner.system.processes import (
    family,
    kill_all,
    living_threads,
    page_table_bytes,
    proportional_memory,
    read_process,
    read_processes,
    runs_before_stop,
    waited_seconds,
)
from tests.runner.notebooks import cell, job, messages, question
from tests.services.processes import wait_until

MIB = 1024**2
# 60 is exit(2), of one thread, on x86-64; the number differs elsewhere.
LEAVE = "ctypes.CDLL(None).syscall(60 if os.uname().machine == 'x86_64' else 93, 0)"
GHOST = f"""
import ctypes, os, subprocess, sys, threading
held = bytearray(b"x") * ({60 * MIB})
def live():
    child = subprocess.Popen(["sleep", "60"])
    print(child.pid, flush=True)
    sys.stdin.read()
threading.Thread(target=live).start()
{LEAVE}
"""


@pytest.fixture
def ghost() -> Iterator[subprocess.Popen[bytes]]:
    """Return yield a process whose first thread has ended."""
    pipe = subprocess.PIPE
    program = [sys.executable, "-S", "-c", GHOST]
    with subprocess.Popen(program, stdin=pipe, stdout=pipe) as one:
        assert one.stdout is not None
        child = int(one.stdout.readline())
        first = Path(f"/proc/{one.pid}/task/{one.pid}/stat")
        wait_until(lambda: ") Z " in first.read_text(), seconds=5, what="its end")
        yield one
        one.kill()
        os.kill(child, signal.SIGKILL)


def test_a_process_without_its_first_thread_is_alive_with_its_memory(
    ghost: subprocess.Popen[bytes],
) -> None:
    found = read_process(ghost.pid)
    assert found is not None
    # Its second thread may be running or asleep at this moment.
    assert found.state in {"R", "S"}
    assert (found.is_ending, found.threads) == (False, 2)
    assert found.resident_bytes > 60 * MIB
    assert proportional_memory([ghost.pid]) > 60 * MIB
    assert page_table_bytes(ghost.pid) > 0


def test_children_and_waiting_time_of_such_a_process_are_seen(
    ghost: subprocess.Popen[bytes],
) -> None:
    assert ghost.pid in [one.parent for one in family(os.getpid())]
    assert len(waited_seconds(ghost.pid)) == 2


def test_such_a_process_stands_still_when_all_its_threads_do(
    ghost: subprocess.Popen[bytes],
) -> None:
    assert runs_before_stop(ghost.pid) is None
    ghost.send_signal(signal.SIGSTOP)
    wait_until(lambda: runs_before_stop(ghost.pid), seconds=5, what="a stop")
    assert ghost.pid not in living_threads(ghost.pid)
    before = runs_before_stop(ghost.pid)
    ghost.send_signal(signal.SIGCONT)
    ghost.send_signal(signal.SIGSTOP)
    wait_until(lambda: runs_before_stop(ghost.pid), seconds=5, what="another stop")
    assert runs_before_stop(ghost.pid) != before


def test_such_a_process_is_killed(ghost: subprocess.Popen[bytes]) -> None:
    assert kill_all(lambda: read_processes([ghost.pid]), seconds=5) == 1
    fd = os.pidfd_open(ghost.pid)
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    assert poll.poll(5000)
    os.close(fd)


LEAVING = f"import ctypes, os, threading, time\ndef leave(): {LEAVE}\n"
HOLDS = (
    "def hold():\n    b = bytearray(b'x') * (150 << 20); time.sleep(30); os._exit(0)\n"
    "for _ in range(6):\n    if os.fork() == 0:\n"
    "        threading.Thread(target=hold).start(); leave()\n"
    "time.sleep(20)"
)


@pytest.mark.torch
@pytest.mark.long
def test_its_memory_is_limited_without_a_control_group_too() -> None:
    runner = Runner({"default": ""})
    runner._capabilities = dataclasses.replace(runner._capabilities, hierarchy=None)
    limits = Limits(memory_bytes=512 * MIB, cell_seconds=10)
    result = runner.run(job(LEAVING + HOLDS, limits=limits))
    runner.close()
    assert (result.measures.level, result.code) == ("L1", "memory")


# The last cell leaves a thread that takes memory as soon as a test has called `f`.
TELLS = f"""
{LEAVING}
import mmap
shared = mmap.mmap(-1, 4096)
def f(x):
    shared[0] = x
    time.sleep(1)
    return x
def ghost():
    while not shared[0]: time.sleep(0.01)
    b = bytearray(b"x") * (shared[0] << 20); time.sleep(10)
"""
LAST = "threading.Thread(target=ghost, daemon=True).start(); time.sleep(0.1); leave()"


@pytest.mark.torch
def test_nothing_of_the_notebook_runs_while_questions_are_asked(
    runner: Runner,
) -> None:
    asked = question("q1", "def check(f):\n    assert f(200) == 200\n")
    limits = Limits(cell_seconds=1)
    check = cell("# softmark: check q1")
    result = runner.run(job(TELLS, check, LAST, questions=(asked,), limits=limits))
    assert messages(result) == ["passed"]
    assert result.measures.peak_memory_bytes < 400 * MIB
    assert result.measures.checking_peak_memory_bytes < 400 * MIB


@pytest.mark.torch
def test_such_a_process_of_a_question_ends_before_the_next(runner: Runner) -> None:
    work = (
        "def f():\n    if os.fork() == 0:\n"
        "        threading.Thread(target=time.sleep, args=(30,)).start(); leave()\n"
        "    time.sleep(0.3)\n"
        "def others(): return len(list(filter(str.isdigit, os.listdir('/proc')))) - 2\n"
    )
    checks = [cell(f"# softmark: check q{n}") for n in (1, 2)]
    first = question("q1", "def check(f): f()\n")
    last = question("q2", "def check(others): assert others() == 0\n")
    result = runner.run(job(LEAVING + work, *checks, questions=(first, last)))
    assert messages(result) == ["passed", "passed"]
