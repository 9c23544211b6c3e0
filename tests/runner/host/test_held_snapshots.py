"""No snapshot reaches another: what waits cannot be woken, and is not found in /proc."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult
from tests.runner.notebooks import cell, job, messages, question, scores

pytestmark = pytest.mark.torch

ONE, TWO = (cell(f"# softmark: check q{number}") for number in (1, 2))
# What a given cell makes between the two check cells, where q1 does not have it.
GIVEN = "answer = 40 * 100 + 42\nnote = 'it is' + f' known:{answer}'"
QUESTIONS = (
    question("q1", "def check(solve): assert solve() == 4042\n"),
    question("q2", "def check(answer): assert answer == 4042\n"),
)
# Every file that a process has in /proc, also by the numbers of threads, which no listing
# of /proc shows, and through a folder that was open before.
REACHES = """
import os, threading, time
threads = []
def also_in_snapshots():  # a thread has an entry of its own
    threads.append(threading.Thread(target=time.sleep, args=(60,), daemon=True))
    threads[-1].start()
os.register_at_fork(after_in_child=also_in_snapshots)
proc = os.open('/proc', os.O_RDONLY)
def solve():
    own = {os.getpid(), *map(int, os.listdir('/proc/self/task'))}
    found = []
    for pid in set(range(2, 400)) - own:
        for name in os.listdir('/proc/self'):
            try: fd = os.open(f'{pid}/{name}', os.O_RDONLY, dir_fd=proc)
            except OSError: continue
            found.append(f'{pid}/{name}')
    return found
"""
READS_MEMORY = r"""
import os, re
def solve():
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            mem = os.open(f'/proc/{pid}/mem', os.O_RDONLY)
            maps = open(f'/proc/{pid}/maps').read().splitlines()
        except OSError:
            continue
        for line in maps:
            start, end, how = re.match(r'(\w+)-(\w+) (\S+)', line).groups()
            if how.startswith('rw'):
                try: data = os.pread(mem, int(end, 16) - int(start, 16), int(start, 16))
                except OSError: continue
                if found := re.search(b'it is' + rb' known:(\d+)', data):
                    return int(found[1])
"""
# The handler of a signal would run in the other snapshot, and answer through a pipe. A
# thread of that snapshot would need no signal but SIGCONT.
WAKES = """
import os, select, signal, threading, time
r, w = os.pipe()
def tell(*_): os.write(w, str(globals().get('answer')).encode())
signal.signal(signal.SIGUSR1, tell)
def tell_later():
    def wait():
        time.sleep(0.05)
        tell()
    threading.Thread(target=wait, daemon=True).start()
os.register_at_fork(after_in_child=tell_later)
def solve():
    while select.select([r], [], [], 0.1)[0]: os.read(r, 4)  # its own thread's
    for pid in set(range(2, 40)) - {os.getpid()}:
        try:
            HOW
        except OSError:
            pass
    return int(os.read(r, 4)) if select.select([r], [], [], 0.7)[0] else 0
"""
WAYS = {
    "kill": "[os.kill(pid, one) for one in (signal.SIGUSR1, signal.SIGCONT)]",
    "pidfd": "[signal.pidfd_send_signal(os.pidfd_open(pid), one) "
    "for one in (signal.SIGUSR1, signal.SIGCONT)]",
    # The kernel sends the signal of a descriptor to its owner.
    "owner": "import fcntl, socket\n"
    "            for one in (signal.SIGUSR1, signal.SIGCONT):\n"
    "                ours, theirs = socket.socketpair()\n"
    "                fcntl.fcntl(ours, fcntl.F_SETOWN, pid)\n"
    "                fcntl.fcntl(ours, fcntl.F_SETSIG, one)\n"
    "                fcntl.fcntl(ours, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)\n"
    "                theirs.send(b'x')",
}


def run(runner: Runner, source: str) -> JobResult:
    return runner.run(job(source, ONE, GIVEN, TWO, questions=QUESTIONS))


def test_a_snapshot_does_not_read_what_another_has_in_memory(runner: Runner) -> None:
    assert scores(run(runner, READS_MEMORY)) == {"q1": [0.0], "q2": [1.0]}


def test_a_snapshot_finds_no_entry_of_a_waiting_one(runner: Runner) -> None:
    """The kernel lists what a process shows there: see `REACHES`."""
    asked = question("q1", "def check(solve): assert solve() == []\n")
    result = runner.run(job(REACHES, ONE, GIVEN, TWO, questions=(asked, QUESTIONS[1])))
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}, messages(result)


@pytest.mark.parametrize("way", WAYS)
def test_no_signal_wakes_a_waiting_snapshot(runner: Runner, way: str) -> None:
    """The question that tries it earns nothing, and the other one loses nothing."""
    result = run(runner, WAKES.replace("HOW", WAYS[way]))
    assert scores(result) == {"q1": [0.0], "q2": [1.0]}, messages(result)


OWN = """
import multiprocessing, os, signal, subprocess, sys, time
from concurrent.futures import ProcessPoolExecutor
from torch.utils.data import DataLoader
def square(x): return x * x
def solve():
    went_off = []
    signal.signal(signal.SIGALRM, lambda *_: went_off.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    child = os.fork()
    if child == 0: time.sleep(60)
    os.kill(child, signal.SIGTERM)
    assert os.waitpid(child, 0)[1] == signal.SIGTERM
    assert os.path.exists(f'/proc/{os.getpid()}/stat') and os.listdir('/proc/self/fd')
    with multiprocessing.get_context('fork').Pool(2) as pool:
        assert pool.map(square, range(3)) == [0, 1, 4]
    with ProcessPoolExecutor(1, multiprocessing.get_context('fork')) as pool:
        assert list(pool.map(square, [3])) == [9]
    assert [int(x) for x in DataLoader(range(2), num_workers=1, batch_size=None)] == [0, 1]
    subprocess.run([sys.executable, '-S', '-c', 'open("/proc/self/stat")'], check=True)
    while not went_off: time.sleep(0.01)
    return 4042
"""


def test_honest_work_has_processes_and_signals_of_its_own(runner: Runner) -> None:
    """It has them in each part of a question, while another snapshot waits."""
    body = "def check(solve): assert solve() == 4042\n"
    asked = (question("q1", body), question("q2", body))
    result = runner.run(job(OWN, ONE, "x = 1", TWO, questions=asked))
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}, messages(result)
