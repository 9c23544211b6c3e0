"""Parts of the machine that concurrent jobs share carry no message between them.

All jails show the same files of the system. Another job must not see any change that a
job can make to such a file, however it reads it; see docs/sandbox.md.
"""

import threading
from pathlib import Path

import pytest

from runner.host.runner import Runner
from runner.jail import path_rules
from runner.protocol.jobs import Event, JobResult, Limits, OutputAdded
from tests.runner.notebooks import cell, job, job_file, question, scores, text

pytestmark = pytest.mark.torch

LIMITS = Limits(cell_seconds=20, run_seconds=40)
# A file of the system, a device, and the inode that all event descriptors share.
PLACES = """
import fcntl, os, time
def opened():
    return [os.open(os.__file__, os.O_RDONLY), os.open("/dev/null", os.O_RDWR), os.eventfd(0)]
"""
TAKE = f"""{PLACES}
for fd in opened(): fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
for fd in opened()[1:]: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
print("taken")
time.sleep(3)
"""
SEE = f"""{PLACES}
import struct
for fd in opened():
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
    for command in (fcntl.F_GETLK, 36):
        answer = fcntl.fcntl(fd, command, asked)
        print(struct.unpack_from("h", answer)[0] == fcntl.F_UNLCK)
"""


def both(runner: Runner, first: str, second: str) -> tuple[JobResult, JobResult]:
    """Run the second notebook while the first, after its cells, waits at its end."""
    found: list[JobResult] = []
    has_run = threading.Event()
    spec = job(first, limits=LIMITS)

    def listen(event: Event) -> None:
        if isinstance(event, OutputAdded):
            has_run.set()

    thread = threading.Thread(
        target=lambda: found.append(runner.run(spec, on_event=listen))
    )
    thread.start()
    assert has_run.wait(30)
    seen = runner.run(job(second, limits=LIMITS))
    assert thread.is_alive()
    thread.join()
    return found[0], seen


def test_a_lock_of_one_job_is_not_seen_by_another(runner: Runner) -> None:
    taken, seen = both(runner, TAKE, SEE)
    assert text(taken) == "taken\n"
    assert (seen.code, text(seen)) == ("completed", "True\n" * 6)


DEVICES = "null", "zero", "full", "random", "urandom", "tty", "console"
TOUCH = f"""
import os, time
before = {{}}
for name in {DEVICES}:
    path = f"/dev/{{name}}"
    if os.path.exists(path):
        before[path] = os.stat(path).st_mtime_ns, os.stat(path).st_atime_ns
assert len(before) >= 5
for path in before:
    for change in (os.utime, lambda path: os.utime(os.open(path, os.O_WRONLY))):
        try:
            change(path)
            print("touched", path)
        except OSError:
            pass
for path, times in before.items():
    if path not in ("/dev/tty", "/dev/console"):
        assert times == (os.stat(path).st_mtime_ns, os.stat(path).st_atime_ns), path
with open("/dev/null", "w") as nothing:
    print("written", file=nothing)
"""


def test_a_job_cannot_change_a_device_s_times(runner: Runner) -> None:
    result = runner.run(job(TOUCH, limits=LIMITS))
    assert (result.code, text(result)) == ("completed", "")


REFUSED = {
    "a watch": "os.close(ctypes.CDLL(None).inotify_init1(0))",
    "a lease": "fcntl.fcntl(os.open(os.__file__, 0), fcntl.F_SETLEASE, fcntl.F_RDLCK)",
    "a note of changes": "fcntl.fcntl(os.open('/usr', 0), fcntl.F_NOTIFY, 1)",
    "a hint about writing": "fcntl.fcntl(os.eventfd(0), 1036, struct.pack('Q', 3))",
    "what is in memory": "os.preadv(os.open(os.__file__, 0), [bytearray(9)], 0, os.RWF_NOWAIT)",
    "a terminal too many": "[os.openpty() for _ in range(40)]",
}


@pytest.mark.parametrize("name", REFUSED)
def test_calls_that_another_job_would_notice_are_refused(
    runner: Runner, name: str
) -> None:
    source = (
        f"import ctypes, fcntl, os, struct\ntry: print('done', {REFUSED[name]})\n"
        "except OSError: print('refused')"
    )
    assert text(runner.run(job(source))) == "refused\n"


def test_kernel_files_about_the_whole_machine_read_as_empty(
    runner: Runner,
) -> None:
    source = (
        f"import os\nfor place in {path_rules.MASKED}:\n"
        "    if os.path.isdir(place): print(os.listdir(place))\n"
        "    elif os.path.exists(place): print(open(place).read() or [])"
    )
    assert set(text(runner.run(job(source))).splitlines()) == {"[]"}


def test_programs_that_lock_their_own_files_work(runner: Runner) -> None:
    source = (
        "import fcntl, sqlite3\n"
        "with open('lock', 'w') as f: fcntl.flock(f, fcntl.LOCK_EX)\n"
        "with sqlite3.connect('a.db') as db:\n"
        "    db.execute('pragma journal_mode=wal')\n"
        "    db.execute('create table t(x)'); db.execute('insert into t values (7)')\n"
        "print(sqlite3.connect('a.db').execute('select x from t').fetchall())"
    )
    assert text(runner.run(job(source))) == "[(7,)]\n"


def test_a_program_that_a_test_starts_imports_nothing_handed_in(
    runner: Runner, tmp_path: Path
) -> None:
    (tmp_path / "json.py").write_text("print('OWNED')")
    asked = question(
        "q1",
        "import os, subprocess, sys\ndef check(answer):\n"
        "    command = [sys.executable, '-c', 'import json, sys; print(sys.flags)']\n"
        "    out = subprocess.run(command, capture_output=True, text=True).stdout\n"
        "    assert 'OWNED' not in out and 'safe_path=True' in out\n"
        "    assert 'no_user_site=1' in out and 'dont_write_bytecode=1' in out\n",
    )
    result = runner.run(
        job(
            "answer = 0",
            cell("# softmark: check q1"),
            questions=(asked,),
            files=(job_file(tmp_path / "json.py"),),
        )
    )
    assert scores(result) == {"q1": [1.0]}


HOST = (
    *("cmdline", "config.gz", "partitions", "consoles", "misc", "iomem", "ioports"),
    *("crypto", "kallsyms", "sys/kernel/random/boot_id", "bus", "sys/dev", "tty"),
)


def test_no_file_by_which_a_host_is_known_again_can_be_read() -> None:
    assert {f"/proc/{name}" for name in HOST} <= set(path_rules.MASKED)


def test_what_libraries_ask_about_the_machine_is_there(runner: Runner) -> None:
    source = (
        "import os, platform, psutil, subprocess, torch\n"
        "memory, process = psutil.virtual_memory(), psutil.Process()\n"
        "print(memory.total > 0, process.name() != '',\n"
        "    len(psutil.cpu_times(percpu=True)) == os.cpu_count(), process.create_time() > 0,\n"
        "    psutil.boot_time() > 0, len(psutil.getloadavg()) == 3, psutil.cpu_stats() != (),\n"
        "    psutil.disk_partitions(all=True) != [], process.memory_info().rss > 0,\n"
        "    platform.platform().startswith('Linux'), platform.uname().machine != '',\n"
        "    torch.get_num_threads() > 0, torch.__config__.parallel_info() != '',\n"
        "    subprocess.run(['ps', 'ax'], capture_output=True).returncode == 0)"
    )
    found = text(runner.run(job(source)))
    assert set(found.split()) == {"True"}, found
