"""Rows 68 to 70 and 76 to 79: processes, threads, memory, time and processors."""

from typing import Final

from runner.protocol.jobs import Limits
from tests.runner.corpus.attack import (
    CHECK,
    CORE_LIMITS,
    FORBIDDEN,
    HONEST,
    MIB,
    Attack,
)
from tests.runner.corpus.verdicts import limit
from tests.runner.notebooks import CellLike

FEW_PROCESSES: Final = Limits(processes=60, cell_seconds=10, run_seconds=20)
LITTLE_MEMORY: Final = Limits(memory_bytes=512 * MIB, cell_seconds=10, run_seconds=20)
SHORT: Final = Limits(cell_seconds=0.5, run_seconds=20)
# Half a second, two more until the kill, and the delay of a busy machine.
SOON: Final = 8.0

BOMB: Final = """
say("armed", "ok")
while True:
    try: os.fork()
    except OSError: pass
"""
STORM: Final = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
say("armed", "ok")
while True:
    try:
        if os.fork() == 0: os.setsid()
    except OSError: pass
"""
THREADS: Final = """
import threading
say("armed", "ok")
for _ in range(100_000):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
"""
ONE_ARRAY: Final = 'say("armed", "ok")\nx = bytearray(8 * 1024**3)'
GROWING: Final = """
say("armed", "ok")
kept = []
while True: kept.append(bytearray(os.urandom(1024) * 8192))
"""
CHILDREN: Final = """
say("armed", "ok")
for _ in range(8):
    if os.fork() == 0:
        kept = bytearray(os.urandom(1024) * (150 * 1024))
        time.sleep(60)
time.sleep(60)
"""
DEAF: Final = """
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
    signal.signal(number, signal.SIG_IGN)
say("armed", "ok")
while True: pass
"""
CATCHING: Final = """
say("armed", "ok")
while True:
    try:
        while True: sum(range(9))
    except BaseException: pass
"""
HOLDING: Final = 'say("armed", "ok")\nctypes.PyDLL(None).sleep(60)'
DEEP_IN_C: Final = 'say("armed", "ok")\nx = 7 ** (7 ** 9)'
STOPPED: Final = 'say("armed", "ok")\nos.kill(os.getpid(), signal.SIGSTOP)'
LOCKED: Final = """
import threading
lock = threading.Lock()
say("armed", "ok")
lock.acquire(); lock.acquire()
"""
ASKING: Final = """
import getpass
attempt("input", input, "name? ")
attempt("password", getpass.getpass)
say("standard input", repr(sys.stdin.read() + os.read(0, 10).decode()))
found = !cat
say("child", repr(found))
"""
SPINNING: Final = """
say("armed", "ok")
for _ in range(8):
    if os.fork() == 0:
        while True: pass
while True: pass
"""
PRIORITIES: Final = """
import resource
attempt("real time", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(50))
attempt("nice", os.nice, -30)
attempt("priority", os.setpriority, os.PRIO_PROCESS, 0, -20)
attempt("lock memory", call, "mlockall", 3)
def more(kind): resource.setrlimit(kind, (resource.RLIM_INFINITY,) * 2)
for name in ("NPROC", "NOFILE", "DATA", "FSIZE", "CORE", "MEMLOCK", "CPU"):
    attempt(name, more, getattr(resource, "RLIMIT_" + name))
say("core limit", str(resource.getrlimit(resource.RLIMIT_CORE)))
"""
PRINTING_ON: Final = """
import threading
def print_on():
    while True:
        print("still here")
        time.sleep(0.01)
threading.Thread(target=print_on).start()
say("begun anew", "ok")
"""


def endless(row: int, name: str, source: str) -> Attack:
    """Return an attack by a cell that never ends; earlier points are kept."""
    cells: tuple[CellLike, ...] = (*HONEST, source)
    return Attack(
        row=row,
        name=name,
        cells=cells,
        expect=limit("cell_time", cell=4),
        limits=SHORT,
        report={"armed": "ok"},
        control=(*HONEST, "time.sleep(0.01)"),
        within=SOON,
    )


WORK: Final = (
    *(
        Attack(
            row=row,
            name=name,
            cells=(*HONEST, source),
            expect=limit("processes"),
            limits=FEW_PROCESSES,
            report={"armed": "ok"},
            control=(
                *HONEST,
                "import subprocess\nsubprocess.run(['true'], check=True)",
            ),
            needs_neighbour=True,
        )
        for row, name, source in (
            (68, "fork-bomb", BOMB),
            (68, "forks-in-new-sessions", STORM),
            (69, "threads", THREADS),
        )
    ),
    *(
        Attack(
            row=70,
            name=name,
            cells=(*HONEST, source),
            expect=limit("memory"),
            limits=LITTLE_MEMORY,
            report={"armed": "ok"},
            control=(*HONEST, "len(bytearray(50 * 1024**2))"),
            needs_neighbour=True,
        )
        for name, source in (
            ("one-array", ONE_ARRAY),
            ("growing", GROWING),
            ("split-over-children", CHILDREN),
        )
    ),
    Attack(
        row=76,
        name="printing-after-the-end",
        cells=("answer = 42", PRINTING_ON, CHECK, "time.sleep(0.3)"),
        report={"begun anew": "ok"},
        control=(
            "import threading\nthreading.Thread(target=print, args=('x',)).start()",
            *HONEST,
        ),
    ),
    endless(77, "deaf-loop", DEAF),
    endless(77, "loop-that-catches-everything", CATCHING),
    endless(77, "interpreter-lock-held", HOLDING),
    endless(77, "long-sum-in-c", DEEP_IN_C),
    endless(77, "stopped-by-itself", STOPPED),
    endless(78, "asleep", 'say("armed", "ok")\ntime.sleep(1000)'),
    endless(78, "dead-lock", LOCKED),
    Attack(
        row=78,
        name="waiting-for-input",
        cells=(*HONEST, ASKING),
        report={
            "input": "StdinNotImplementedError",
            "password": "StdinNotImplementedError",
            "standard input": "''",
            "child": "[]",
        },
    ),
    endless(79, "spinning-on-all-processors", SPINNING),
    Attack(
        row=79,
        name="priority-and-limits",
        cells=(*HONEST, PRIORITIES),
        report={
            **dict.fromkeys(
                ("real time", "nice", "priority", "lock memory"), FORBIDDEN
            ),
            **dict.fromkeys(
                ("NPROC", "NOFILE", "DATA", "FSIZE", "MEMLOCK", "CPU"),
                "ValueError",
            ),
            # Any change of this one is granted, and without effect.
            "CORE": "ok",
            "core limit": CORE_LIMITS,
        },
        control=(*HONEST, "os.nice(1)"),
    ),
)
