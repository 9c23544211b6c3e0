"""A zygote that breaks a rule of fork safety does not fork."""

import contextlib
import mmap
import multiprocessing
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.host import zygote_pool
from runner.host.runner import Runner
from runner.inside.student import cuda
from runner.inside.zygote import fork_safety
from runner.protocol.jobs import JobResult, Verdict
from runner.system import shared_mappings
from tests.runner.conftest import CANARY, VARIABLE
from tests.runner.inside.zygote.zygote_processes import zygote_pid
from tests.runner.installations import make_installation
from tests.runner.notebooks import job, marked, text
from tests.services.processes import wait_until

pytestmark = pytest.mark.torch

THREAD = (
    "import threading\n"
    "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
)


def run_with(folder: Path, startup: str) -> JobResult:
    folder.chmod(0o755)
    python = make_installation(folder / "installation", startup)
    runner = Runner({"default": python}, spares=0)
    try:
        return runner.run(job("1"))
    finally:
        runner.close()


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """Give a folder that a job's user may reach."""
    for above in (tmp_path, *tmp_path.parents[:2]):
        with contextlib.suppress(PermissionError):
            above.chmod(0o755)
    return tmp_path


@pytest.mark.long
def test_a_zygote_with_a_second_thread_takes_no_job(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A second zygote would be unfit too; in the test below the second one is fit.
    monkeypatch.setattr(zygote_pool, "_TRIES", 1)
    result = run_with(open_folder, THREAD)
    assert (result.verdict, result.code) == (Verdict.PLATFORM, "runner_failed")
    assert result.notebook.count('"execution_count": 1') == 0


@pytest.mark.long
def test_an_unfit_zygote_is_replaced_by_a_fit_one(open_folder: Path) -> None:
    flag = open_folder / "poisoned-once"
    once = f"import os\nif not os.path.exists({str(flag)!r}):\n"
    once += f"    open({str(flag)!r}, 'w').close()\n"
    once += "".join(f"    {line}\n" for line in THREAD.splitlines())
    assert run_with(open_folder, once).verdict is Verdict.COMPLETED
    assert flag.exists()


def test_a_process_that_touched_cuda_may_not_fork(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fork_safety, "thread_count", lambda: 1)
    monkeypatch.setattr(shared_mappings, "can_write_shared", lambda: False)
    assert fork_safety.why_not_to_fork() == ""
    assert fork_safety.why_not_to_fork(lambda: False) == "CUDA is in use"


def test_an_open_device_file_of_the_driver_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert cuda.is_untouched()
    monkeypatch.setattr(cuda, "_NODES", os.devnull)
    with Path(os.devnull).open():
        assert not cuda.is_untouched()


def test_a_process_with_threads_may_not_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_safety, "thread_count", lambda: 2)
    assert fork_safety.why_not_to_fork() == "more than one thread"


@pytest.mark.long
def test_a_zygote_with_memory_that_all_jobs_would_share_does_not_start(
    open_folder: Path,
) -> None:
    result = run_with(open_folder, "import mmap\nkept = mmap.mmap(-1, 4096)\n")
    assert (result.verdict, result.code) == (Verdict.PLATFORM, "environment_missing")
    assert "memory that all jobs would share" in str(result.detail)


def in_a_removed_file() -> mmap.mmap:
    with tempfile.TemporaryFile() as file:
        file.truncate(mmap.PAGESIZE)
        return mmap.mmap(file.fileno(), mmap.PAGESIZE)


@pytest.mark.parametrize(
    "make",
    [
        lambda: mmap.mmap(-1, mmap.PAGESIZE),
        # It could be made writable later.
        lambda: mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ),
        in_a_removed_file,
        lambda: multiprocessing.RawArray("d", 8),
    ],
    ids=["writable", "readable", "a removed file", "multiprocessing"],
)
def test_each_kind_of_shared_memory_is_found(make: Callable[[], object]) -> None:
    before = len(shared_mappings.writable_shares())
    kept = make()
    assert fork_safety.why_not_to_serve()
    assert len(shared_mappings.writable_shares()) == before + 1
    del kept


def test_a_process_that_shares_memory_may_not_fork(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fork_safety, "thread_count", lambda: 1)
    with mmap.mmap(-1, mmap.PAGESIZE):
        assert fork_safety.why_not_to_fork() == "memory that jobs would share"


def test_a_file_that_can_only_be_read_may_stay_mapped() -> None:
    before = shared_mappings.writable_shares()
    with (
        Path(__file__).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ),
    ):
        assert shared_mappings.writable_shares() == before


SHARES = """
def shares():
    with open("/proc/self/maps") as maps:
        lines = [line.split() for line in maps]
    return " ".join(line[4] for line in lines if line[1][1] + line[1][3] == "ws")
"""


def shares_of_a_job(runner: Runner) -> list[set[str]]:
    """Return the inodes of shared writable memory of notebook, snapshot and grader."""
    here = SHARES.replace("shares()", "here()")
    tell = "raise AssertionError(f'<{shares()}><{here()}>')"
    source = SHARES + "print(f'<{shares()}>')"
    defined = {"defined_names": ("shares",), "defined_functions": ("shares",)}
    result = marked(runner, source, here + tell, **defined)
    trace = result.questions[0].checks[0].trace
    printed = re.findall("<(.*?)>", text(result)) + re.findall(r"<([\d ]*)>", trace)
    return [set(one.split()) for one in printed]


def test_no_job_shares_memory_with_another(runner: Runner) -> None:
    first, second = shares_of_a_job(runner), shares_of_a_job(runner)
    assert len(first) == len(second) == 3
    # A snapshot and a grader have memory of their own, for the processes of a check.
    assert not first[0]
    assert all(first[1:])
    assert not (first[1] | first[2]) & (second[1] | second[2])
    assert not first[1] & first[2]


def test_what_a_check_gives_is_not_in_a_later_job(runner: Runner) -> None:
    """The kind of attack: write to whatever is shared, and read it in another job."""
    find = (
        "import ctypes\n"
        "def pages():\n"
        "    for line in open('/proc/self/maps'):\n"
        "        place, rights, *_ = line.split()\n"
        "        if rights[1] + rights[3] == 'ws':\n"
        "            start = int(place.split('-')[0], 16)\n"
        "            yield (ctypes.c_char * 4096).from_address(start)\n"
    )
    write = "def double(x):\n    for page in pages(): page[16:48] = str(x).encode().ljust(32)\n"
    marked(
        runner,
        f"{find}{write}    return 2 * x",
        "assert double(987654321) == 1975308642",
    )
    seen = text(runner.run(job(find + "for page in pages(): print(page[16:48])")))
    assert "987654321" not in seen


def test_a_zygote_has_only_the_listed_variables(runner: Runner) -> None:
    raw = Path(f"/proc/{zygote_pid(runner)}/environ").read_bytes().decode()
    names = {line.split("=")[0] for line in raw.split("\0") if line}
    assert os.environ[VARIABLE] == CANARY
    assert VARIABLE not in names
    assert names <= {
        *PLAIN,
        "PYTHONHASHSEED",
        "PYTHONSAFEPATH",
        "PYTHONDONTWRITEBYTECODE",
        "MALLOC_MMAP_THRESHOLD_",
        "MALLOC_TRIM_THRESHOLD_",
    }


PLAIN = {
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "FORCE_COLOR",
    "GIT_PAGER",
    "HOME",
    "LANG",
    "MKL_NUM_THREADS",
    "MPLBACKEND",
    "MPLCONFIGDIR",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PAGER",
    "PATH",
    "PYTHONNOUSERSITE",
    "PYTORCH_NVML_BASED_CUDA_CHECK",
    "TERM",
    "TMPDIR",
    "TZ",
}


def test_a_job_has_only_the_zygote_s_plain_variables(runner: Runner) -> None:
    seen = text(runner.run(job("import os\n*sorted(os.environ),")))
    assert set(re.findall(r"\w+", seen)) == {*PLAIN, "PWD"}


TOLD = """
import os, sys
print(sys.orig_argv, sys.argv)
for name in ("cmdline", "environ"):
    for process in ("self", "1"):
        try: print(open(f"/proc/{process}/{name}").read())
        except PermissionError: pass
"""


def test_a_job_does_not_know_its_worker_again(runner: Runner) -> None:
    """Arguments and environment are those of the warm process: all jobs read them."""
    told = text(runner.run(job(TOLD)))
    assert "OMP_NUM_THREADS=1" in told
    told = re.sub(r"\S*bin/python\S*", "", told)  # the interpreter's path
    assert str(runner._work_dir) not in told
    assert str(zygote_pool._ROOT) not in told
    assert str(os.getpid()) not in re.findall(r"\d+", told)


def test_no_secret_of_the_host_is_in_a_zygote_s_memory(runner: Runner) -> None:
    pid = zygote_pid(runner)
    assert not in_memory(pid, CANARY.encode())
    assert in_memory(pid, b"OMP_NUM_THREADS"), "the search itself works"


def in_memory(pid: int, wanted: bytes) -> bool:
    """Return whether the process's own memory holds these bytes."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            begin, end = (int(part, 16) for part in span.split("-"))
            if not rights.startswith("rw"):
                continue
            with contextlib.suppress(OSError, OverflowError):
                memory.seek(begin)
                if wanted in memory.read(end - begin):
                    return True
    return False


def test_a_zygote_keeps_only_its_own_descriptors(runner: Runner) -> None:
    runner.run(job("1"))
    # Standard input and output, the signal pipe, the control socket, standard error.
    expected = ["/dev/null", "/dev/null", "pipe", "pipe", "socket", "file"]
    # While the next job is made ahead, the zygote holds that job's descriptors too.
    wait_until(
        lambda: descriptors(zygote_pid(runner)) == sorted(expected),
        what="the zygote to let go of a job's descriptors",
    )


def descriptors(pid: int) -> list[str]:
    """Return the kinds of the open descriptors, except fonts that were drawn with."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            name = re.sub(r"^/.* \(deleted\)$", "file", str(entry.readlink()))
            found.append(re.sub(r"[:(\[].*", "", name))
    return sorted(kind for kind in found if not kind.endswith(".ttf"))


def test_random_numbers_of_the_kernel_differ_between_jobs(runner: Runner) -> None:
    source = (
        "import uuid, secrets, tempfile, numpy as np\n"
        "print(uuid.uuid4(), secrets.token_hex(8), np.random.default_rng().random(),\n"
        "      tempfile.mktemp())"
    )
    first, second = (text(runner.run(job(source))).split() for _ in range(2))
    assert not set(first) & set(second)


def test_generators_that_a_notebook_does_not_seed_follow_the_job_s_seed(
    runner: Runner,
) -> None:
    source = "import random, numpy as np, torch\n"
    source += "print(random.random(), np.random.rand(), torch.rand(1).item())"
    first, again, other = (
        text(runner.run(job(source, seed=seed))).split() for seed in (1, 1, 2)
    )
    assert first == again
    assert not set(first) & set(other)
